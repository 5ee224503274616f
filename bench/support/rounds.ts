/** One of those that are compared: does its work once and gives the figure, such as milliseconds. */
export type Contestant = () => Promise<number>;

/**
 * Measures contestants in turns, so that a busy machine is busy for all of them; which one begins
 * changes from round to round.
 *
 * @param warmUps Rounds before, which are not counted.
 * @returns The figures of each, round by round.
 */
export async function takeTurns<Name extends string>(
  contestants: Readonly<Record<Name, Contestant>>,
  { rounds, warmUps = 1 }: { readonly rounds: number; readonly warmUps?: number },
): Promise<Readonly<Record<Name, readonly number[]>>> {
  const names = Object.keys(contestants) as Name[];
  const samples = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<
    Name,
    number[]
  >;
  for (let round = 0; round < warmUps + rounds; round++) {
    const first = round % names.length;
    for (const name of [...names.slice(first), ...names.slice(0, first)]) {
      const figure = await contestants[name]();
      if (round >= warmUps) samples[name].push(figure);
    }
  }
  return samples;
}
