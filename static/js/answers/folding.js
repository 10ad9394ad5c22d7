// A long answer is folded once another takes its place at the top, until somebody unfolds it.

export function fold(card) {
  const unfolding = card.querySelector(".card__unfold")
  if (unfolding.dataset.state === "used") return
  card.dataset.folded = ""
  const answer = card.querySelector(".card__answer")
  if (answer.scrollHeight > answer.clientHeight + 1) unfolding.hidden = false
  else delete card.dataset.folded
}

export function unfold(card) {
  delete card.dataset.folded
  Object.assign(card.querySelector(".card__unfold"), { hidden: true }).dataset.state = "used"
  card.focus()
}
