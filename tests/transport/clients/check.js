// Runs named checks one after the other, and prints a line of JSON for each.
export const url = process.argv[2];
export const socketUrl = url.replace(/^http/, "ws");
const checks = [];

export function check(name, run) {
  checks.push({ name, run });
}

export async function runAll() {
  for (const { name, run } of checks) {
    let reason;
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error("no end within 10 s")), 10_000);
    });
    try {
      await Promise.race([run(), late]);
    } catch (error) {
      reason = String(error?.stack ?? error);
    }
    clearTimeout(timer);
    console.log(JSON.stringify({ name, status: reason ? "failed" : "ok", reason }));
  }
  process.exit(0);
}

export function equal(found, wanted) {
  const [left, right] = [JSON.stringify(found), JSON.stringify(wanted)];
  if (left !== right) throw new Error(`found ${left}, wanted ${right}`);
}

export function plain(value) {
  // Clients add symbols and __typename of their own.
  return JSON.parse(JSON.stringify(value, (key, each) => (key === "__typename" ? undefined : each)));
}
