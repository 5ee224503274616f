/**
 * Does one step of the set-up and says so: a line at its start, another every 5 s while it lasts,
 * one at its end.
 *
 * @template T
 * @param {string} title What is done, for instance `Debian packages: containerd 1.7`.
 * @param {(note: (text: string) => void) => Promise<T>} action Gets a function that sets what the
 * progress line tells.
 * @returns {Promise<T>}
 */
export async function step(title, action) {
  const startedAt = Date.now();
  const seconds = () => `${((Date.now() - startedAt) / 1000).toFixed(1)} s`;
  let state = "";
  console.log(`${title} ...`);
  const timer = setInterval(() => {
    console.log(`${title} ... ${seconds()}${state === "" ? "" : `, ${state}`}`);
  }, 5000);
  try {
    const result = await action((text) => state = text);
    console.log(`${title}: done in ${seconds()}${state === "" ? "" : ` (${state})`}`);
    return result;
  } finally {
    clearInterval(timer);
  }
}
