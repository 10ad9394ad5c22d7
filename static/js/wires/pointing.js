// What a person means by "this".
import { ASK } from "../asking/skills.js"
import { announcer, looking, pointing, question } from "../parts.js"

pointing.addEventListener("change", () => { question.mark = pointing.mark })
pointing.addEventListener("set", () => question.focusUnlessTouch())
pointing.addEventListener("said", ({ detail }) => announcer.say(detail))
question.addEventListener("skill", () => question.skill !== ASK && pointing.clear())
question.addEventListener("act", () => looking.lookCloser(pointing.mark))
