const STEP_MS = 40;

/** Asks until the answer is truthy, and gives it back. */
export async function eventually(ask, limitMs = 8_000, explain = () => `not so within ${limitMs} ms: ${ask}`) {
  const end = Date.now() + limitMs;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(explain());
    await new Promise((resolve) => setTimeout(resolve, STEP_MS));
  }
}
