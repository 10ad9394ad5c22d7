// How far a load is: progress is { done, total }, with total null while nobody can know it.

export function percentOf({ done, total }) {
  return Math.floor(100 * done / total)
}

export function fractionOf({ done, total }) {
  return total ? done / total : 0
}
