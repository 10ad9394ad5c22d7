// Connects the rooms of the page and starts it; decides nothing. What each room may know:
//
//   plain/    pure helpers; nothing outside of it
//   line/     who answers, a server so far: the one place that knows a socket and the names on the wire
//   asking/   what can be asked, the line it is typed into, each request until it is answered
//   looking/  what there is to see, and the frame that is taken of it
//   pointing/ what a person means by "this": a point or a box on the picture
//   answers/  what came back: cards, marks and times
//   tray/     pictures that are asked about together: chosen, laid out in one, with what that costs in detail
//   history/  which of it stays in this browser, leaves it as a file and comes in from one
//   live/     what is looked at again and again: the loop, the question it keeps answered, the rules it watches for
//   sharing/  what programs may look at, while a person lets them
//   upstream/ another server that answers: which of its models, how it is asked, what it takes
//   settings/ what a person chose for this page
//   page/     what is around them: the model, the connection, the keys
//
// A room imports its own files and plain/; line/ also the vendored socket. parts.js makes one of each, and wires/
// is where what one has for another goes: as an event, or as a function handed in.
import { connection, keptList, looking } from "./parts.js"
import { followVisibleHeight } from "./plain/viewport.js"
import "./wires/asking.js"
import "./wires/history.js"
import "./wires/keys.js"
import "./wires/line.js"
import "./wires/live.js"
import "./wires/looking.js"
import "./wires/pointing.js"
import "./wires/settings.js"
import "./wires/sheets.js"
import "./wires/tray.js"

followVisibleHeight()
connection.open()
keptList.open()
await looking.start()
