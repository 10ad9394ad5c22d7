// Why a camera did not open, in one word of the stage's.

// What Chromium's messages tell for sure, in the order in which they are tried.
const MESSAGES = [
  [/^permission denied by .*system/i, "denied-by-system"],
  [/^permission dismissed/i, "dismissed"],
  [/^permission denied/i, "denied"],
  [/\bin use\b/i, "in-use"],
]
// What the name of an error tells; every other only says that the camera did not start.
const NAMES = {
  NotAllowedError: "not-allowed",
  SecurityError: "not-allowed",
  NotFoundError: "none",
  OverconstrainedError: "unsuitable",
}

// isDenied: whether the browser says that this page may not have one.
export function reasonOf({ name, message }, isDenied) {
  const told = MESSAGES.find(([words]) => words.test(message))?.[1] ?? NAMES[name] ?? "failed"
  return told === "not-allowed" && isDenied ? "denied" : told
}
