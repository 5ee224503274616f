/** One behaviour that the library holds on a real runtime. */
export interface Requirement {
  /** Stands at the beginning of the name of every test of it. */
  readonly id: string;
  /** What has to be so. */
  readonly behaviour: string;
  /** The file with its tests, below `test/`. */
  readonly file: string;
}

const create = "containerd/lifecycle-create.test.ts";
const start = "containerd/lifecycle-start.test.ts";
const kill = "containerd/lifecycle-kill.test.ts";
const remove = "containerd/lifecycle-delete.test.ts";
const exec = "containerd/lifecycle-exec.test.ts";
const io = "containerd/lifecycle-io.test.ts";
const events = "containerd/lifecycle-events.test.ts";
const restart = "containerd/lifecycle-restart.test.ts";
const oom = "containerd/oom.test.ts";
const gaps = "containerd/event-gaps.test.ts";
const update = "containerd/lifecycle-update.test.ts";
const checkpoint = "containerd/checkpoint.test.ts";
const records = "containerd/lifecycle-records.test.ts";

const rows: readonly (readonly [id: string, file: string, behaviour: string])[] = [
  ["C01", create, "A missing program is told when the task is made, before anything runs."],
  ["C02", create, "A task that could not be made gives no exit event."],
  ["C03", create, "The longest namespace and a long container id work together."],
  ["C04", create, "Options reach the shim as given, and only if given; any shim can be named."],
  ["C05", start, "A start gives a pid, even of a process that has ended by then."],
  ["C06", start, "The time of the end is later than the start, also when asked for the state."],
  ["C07", start, "A terminal's output is whole at the end of the wait; no input is needed."],
  ["C08", start, "A wait after the end gives the same code, as often as asked, until the delete."],
  ["C09", start, "An aborted wait rejects, and the next one still works."],
  ["C10", kill, "A signal to a process that has ended is an error: not found."],
  ["C11", kill, "A container that was removed behind our back ends the wait."],
  ["C12", kill, "A signal to all reaches every process, also in the host's pid namespace."],
  ["C13", kill, "The end of the first process ends its children, in both kinds of pid namespace."],
  ["C14", kill, "What is no signal is refused, and the container runs on."],
  ["C15", kill, "A signal to what was never started is an error of its own."],
  ["C16", remove, "A container with a task cannot be deleted."],
  ["C17", remove, "What runs cannot be deleted, but with force, which needs no kill before."],
  ["C18", remove, "Force deletes what is paused, what lost its init and what was never started."],
  ["C19", remove, "A container that is to be removed at its end is, also after a daemon restart."],
  ["C20", exec, "The delete of a further process gives its code once more."],
  ["C21", exec, "A further process that cannot run tells 126 or 127 and leaves nothing."],
  ["C22", exec, "A further process that was never started can be deleted."],
  ["C23", exec, "A very long argument list passes."],
  ["C24", exec, "Processes that start while init is killed fail, and the end of init is told."],
  ["C25", exec, "A further process in a paused container is an error of its own."],
  ["C26", io, "The end of the input arrives, whenever it was closed."],
  ["C27", io, "The last line of a large terminal output is never lost."],
  ["C28", io, "Streams can be attached to again: what is written before and after comes back."],
  ["C29", io, "Output that a child holds open ends the wait after a budget, marked as cut."],
  ["C30", io, "No pipe and no descriptor stays behind, whichever way a process goes."],
  ["C31", io, "A size that was set before the start is the terminal's; bad ones are refused."],
  ["C32", events, "A process gives exactly one exit event, and none after its delete."],
  ["C33", events, "Events of a container come in order, whatever else goes on."],
  ["C34", restart, "A wait outlasts a restart of the daemon, and a kill works after it."],
  ["C35", restart, "What was killed while the daemon was away is told so; what was not goes on."],
  ["C36", restart, "Calls to a dead shim end soon, and the client goes on serving the others."],
  ["C37", oom, "A want of memory is told before the end, and of no end that has another cause."],
  ["C38", update, "What is paused can be stopped and updated; new limits are in the cgroup."],
  [
    "C39",
    checkpoint,
    "A checkpoint continues in a new task; the container runs on, or stays paused.",
  ],
  ["C40", records, "Records, leases and labels come back as given; what is gone is not found."],
  ["G01", gaps, "An end that nobody heard is told once, by its code only where that is known."],
  ["G02", gaps, "What happens right after a subscription is live is never missed."],
  ["G03", gaps, "A call that the daemon breaks off is no abort, and an abort is no such error."],
];

/** The behaviours, in the order of their ids. */
export const requirements: readonly Requirement[] = rows.map(([id, file, behaviour]) => ({
  id,
  file,
  behaviour,
}));
