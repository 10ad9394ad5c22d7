// The keys of the page.
import { Keyboard } from "../page/keyboard.js"
import { showSingleKeys } from "../page/single_keys.js"
import {
  answers, answersHeader, element, keeping, keptList, looking, pointing, question, settings, tray, watch,
} from "../parts.js"
import { showAnswers, stopAll } from "./together.js"
import { toggleCard } from "./tray.js"

// Where a card itself has the focus, and nothing in it.
function chooseFocused(isHeld) {
  const { focused } = answers
  if (focused?.element !== document.activeElement) return false
  if (!isHeld) toggleCard(focused)
  return true
}

const keyboard = new Keyboard({
  keys: {
    ...Object.fromEntries([1, 2, 3, 4].map((nth) => [nth, () => question.chooseSkill(nth)])),
    "/": () => question.focus(),
    l: () => keeping.toggle(),
    p: () => looking.toggleFreeze(),
    m: () => looking.toggleMirror(),
    f: () => keeping.toggleFullScreen(),
    c: () => answers.copyNewest(),
    r: () => answers.askNewestAgain(),
    w: () => watch.open(),
    s: () => answersHeader.openSearch(),
    z: () => looking.lookCloser(pointing.mark),
    delete: () => keptList.removeFocused(),
    "?": () => element("keys").showModal(),
  },
  escapes: [
    ...[showAnswers, () => tray.retreat(), () => pointing.clear(), () => looking.lookAtWhole()],
    ...[() => looking.backToNow(), () => keeping.retreat(), () => answersHeader.closeSearch()],
    ...[stopAll, () => question.retreat()],
  ],
  steps: {
    " ": chooseFocused,
    ...{ ArrowUp: () => answers.step(-1), ArrowDown: () => answers.step(1) },
    ...{ ArrowLeft: () => looking.step(-1), ArrowRight: () => looking.step(1) },
  },
  isElsewhere: () => document.querySelector("dialog[open], :popover-open") !== null,
})

element("help").addEventListener("click", () => element("keys").showModal())

// The settings have this switch, too.
const singleKeys = element("single-keys")

function followSettings() {
  keyboard.hasSingleKeys = settings.values.hasSingleKeys
  showSingleKeys(singleKeys, keyboard.hasSingleKeys)
}

singleKeys.addEventListener("change", () => settings.choose({ hasSingleKeys: singleKeys.checked }))
settings.addEventListener("change", followSettings)
followSettings()
