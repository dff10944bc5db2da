import { readdirSync, readFileSync } from 'node:fs';

/** CPU seconds so far of a process and of the processes below it, with those of theirs that have ended. */
export function cpuSeconds(pid: number): { own: number; below: number } {
  const own = ticks(pid) / 100;
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const parents = new Map(all.map((name) => [Number(name), parentOf(Number(name))]));
  const isBelow = (id: number): boolean => {
    const parent = parents.get(id) ?? 0;
    return parent === pid || (parent > 1 && isBelow(parent));
  };
  return { own, below: [...parents.keys()].filter(isBelow).reduce((sum, id) => sum + ticks(id, true) / 100, 0) };
}

function statOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
  } catch {
    return []; // it has ended since it was listed
  }
}

/** User and system time in hundredths of a second; `ended` adds that of children who have ended (proc(5): utime, stime, cutime, cstime). */
function ticks(pid: number, ended = false): number {
  return (ended ? [11, 12, 13, 14] : [11, 12]).reduce((sum, at) => sum + Number(statOf(pid)[at] ?? 0), 0);
}

function parentOf(pid: number): number {
  return Number(statOf(pid)[1] ?? 0);
}
