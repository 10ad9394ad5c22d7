// What cannot be done, with the sentence that tells the person why and what to do instead.
export class Refusal extends Error {}
