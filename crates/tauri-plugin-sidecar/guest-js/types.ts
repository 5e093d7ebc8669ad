// Made from the Rust types by `cargo xtask codegen`; changes belong there.

/**
 * What can be seen of a sidecar now.
 */
export type Status = {
/**
 * Its name.
 */
name: string,
/**
 * What it is doing.
 */
state: State,
/**
 * Since when it has been ready, in milliseconds since 1970; `null` while it is not.
 */
since: number | null,
/**
 * The number of the present or last run, from 1; 0: it never ran.
 */
run: number,
/**
 * How often it was started again after a failure, since the supervisor began.
 */
restarts: number,
/**
 * Its first process, while it runs.
 */
pid: number | null,
/**
 * Where it listens, or would: proved to be its own while the state says that it is ready.
 */
address: string | null,
/**
 * `http://host:port` of it, while it is ready and has a port.
 */
url: string | null,
/**
 * Why it failed, where it is in the state `error` or about to be started again.
 */
error: ErrorData | null, };

/**
 * What a sidecar is doing.
 */
export type State = "idle" | "starting" | "running" | "degraded" | "stopping" | "stopped" | "error" | "restarting";

/**
 * What the whole tree of a sidecar uses.
 */
export type Usage = {
/**
 * Processor time since the start, in milliseconds, with that of processes that have ended.
 */
cpu: number,
/**
 * Resident memory in bytes; pages that several processes share count in each.
 */
memory: number,
/**
 * How many processes there are.
 */
processes: number, };

/**
 * Something that happened to a sidecar.
 */
export type SidecarEvent = {
/**
 * The sidecar's name.
 */
sidecar: string,
/**
 * Its run, counted from 1; 0 before the first.
 */
run: number,
/**
 * When, in milliseconds since 1970 (UTC).
 */
at: number, } & ({ "event": "state",
/**
 * The new one.
 */
state: State, } | { "event": "launched",
/**
 * The number of its first process.
 */
pid: number, } | { "event": "port",
/**
 * The port.
 */
port: number, } | { "event": "port-again",
/**
 * The other one.
 */
port: number, } | { "event": "exited",
/**
 * How.
 */
exit: Exit, } | { "event": "unasked",
/**
 * Why it could not.
 */
reason: string, } | { "event": "stop-blocked",
/**
 * Who did not end.
 */
processes: Array<Blocker>, } | { "event": "keeper-lost",
/**
 * How many processes were known to be left.
 */
processes: number, } | { "event": "restart",
/**
 * After so many milliseconds.
 */
after: number,
/**
 * For the so-manieth time in a row, from 1.
 */
attempt: number,
/**
 * Why.
 */
error: ErrorData, } | { "event": "failed",
/**
 * Why.
 */
error: ErrorData, } | { "event": "unlimited",
/**
 * What is not limited: `memory`, `cpu`.
 */
limits: Array<string>, });

/**
 * What happened.
 */
export type Happened = { "event": "state",
/**
 * The new one.
 */
state: State, } | { "event": "launched",
/**
 * The number of its first process.
 */
pid: number, } | { "event": "port",
/**
 * The port.
 */
port: number, } | { "event": "port-again",
/**
 * The other one.
 */
port: number, } | { "event": "exited",
/**
 * How.
 */
exit: Exit, } | { "event": "unasked",
/**
 * Why it could not.
 */
reason: string, } | { "event": "stop-blocked",
/**
 * Who did not end.
 */
processes: Array<Blocker>, } | { "event": "keeper-lost",
/**
 * How many processes were known to be left.
 */
processes: number, } | { "event": "restart",
/**
 * After so many milliseconds.
 */
after: number,
/**
 * For the so-manieth time in a row, from 1.
 */
attempt: number,
/**
 * Why.
 */
error: ErrorData, } | { "event": "failed",
/**
 * Why.
 */
error: ErrorData, } | { "event": "unlimited",
/**
 * What is not limited: `memory`, `cpu`.
 */
limits: Array<string>, };

/**
 * An event, or that some were missed.
 */
export type Told = { "event": SidecarEvent } | { "missed": number };

/**
 * How a sidecar ended.
 *
 * `Display` continues a sentence: `exited with code 3`, `was killed by SIGKILL`,
 * `crashed: SIGSEGV (segmentation fault)`.
 */
export type Exit = {
/**
 * In one word.
 */
reason: ExitReason,
/**
 * The exit code, where there is one: 0 to 255 on Unix; on Windows 32 bits with their sign.
 */
code: number | null,
/**
 * The signal that ended it, on Unix: the system's number, which differs between systems. Serialised it is the name,
 * such as `SIGKILL`.
 */
signal: string | null, };

/**
 * How a sidecar ended, in one word. New ones may be added in any release.
 */
export type ExitReason = "clean" | "abnormal" | "killed" | "crashed" | "oom" | "launch-failed" | "integrity-failure";

/**
 * A process that did not end in time.
 */
export type Blocker = {
/**
 * Its number.
 */
pid: number,
/**
 * The name of its program, where it can be seen.
 */
name: string | null, };

/**
 * A line that a sidecar wrote.
 */
export type Line = {
/**
 * Counts the lines of both streams, from 0, over all restarts of the sidecar. An open line has the number that it
 * would get if it ended now, so another one may get it.
 */
seq: number,
/**
 * Where it was written.
 */
stream: OutputStream,
/**
 * Without its end. What is not UTF-8, and NUL, is U+FFFD; of a line that was written over with `\r`, the last state;
 * the sidecar's secrets are `[hidden]`; escape sequences are as they were written.
 */
text: string,
/**
 * It was longer than `logs.line` and is cut.
 */
cut: boolean,
/**
 * It has not ended yet, such as a prompt. Only in a tail.
 */
open: boolean,
/**
 * When it was read, in milliseconds since 1970.
 */
at: number, };

/**
 * Where a sidecar wrote a line.
 */
export type OutputStream = "stdout" | "stderr";

/**
 * What a follower is given.
 */
export type Entry = { "line": Line } | { "missed": number };

/**
 * An error, as data.
 */
export type ErrorData = {
/**
 * What went wrong, to match on.
 */
code: SupervisorCode,
/**
 * The headline: lower case, no full stop, understandable alone.
 */
message: string,
/**
 * The one step that can be done now, where one is known.
 */
help: string | null,
/**
 * Pairs of a key and a value, in the order in which they are shown.
 */
facts: Array<[string, string]>,
/**
 * The last lines that the sidecar wrote, where they may tell why.
 */
log: Array<string>, };

/**
 * What went wrong, as a value to match on. New kinds may be added in any release.
 */
export type SupervisorCode = "spec-too-new" | "spec-invalid" | "unknown-sidecar" | "token-invalid" | "program-missing" | "integrity-failure" | "bad-launch" | "directory-missing" | "placeholder-unknown" | "unsupported" | "port-taken" | "announcement-invalid" | "foreign-listener" | "not-loopback" | "foreign-answer" | "launch-failed" | "exited-early" | "not-ready" | "exited" | "dependency-failed" | "not-alive" | "memory-limit" | "restart-limit" | "keeper-lost" | "cancelled" | "not-running" | "stdin-closed" | "timeout" | "updating" | "supervisor-gone" | "io";
