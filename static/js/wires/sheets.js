// Of the sheets one is open at a time.
import { sheets } from "./together.js"

for (const sheet of sheets) {
  sheet.addEventListener("opened", () => sheets.forEach((other) => other !== sheet && other.retreat()))
}
