// What there is to see.
import { takeBrought } from "../asking/bringing.js"
import { announcer, connection, keeping, looking, looks, pointing, question, sharing, stage } from "../parts.js"
import { allowAsking, sheets, showLooking } from "./together.js"

looking.addEventListener("change", () => {
  const canMark = looking.canSee && !looking.isTogether
  pointing.show({ source: stage.source, isMirrored: stage.isMirrored, canMark })
  allowAsking()
  showLooking()
  looks.check()
  sharing.follow()
})
looking.addEventListener("opened", () => sheets.some((sheet) => sheet.isOpen) || question.focusUnlessTouch())
looking.addEventListener("said", ({ detail }) => announcer.say(detail))
looking.addEventListener("refused", ({ detail }) => question.warn(detail))
looking.sheet.addEventListener("full", () => keeping.toggleFullScreen())
looking.network.addEventListener("choose", ({ detail }) => connection.lookThrough(detail))
looking.network.addEventListener("seen", () => connection.cameraSeen())
takeBrought((files) => looking.useFiles(files))
