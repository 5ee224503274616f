import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ContainerError, isContainerError } from "../../src/errors.ts";
import { Handles } from "../../src/handles.ts";
import { withCode } from "./fake-client.ts";
import { exited, FakeRuntime, FakeTask, spec } from "./fake-runtime.ts";

const shim = "io.a.b";

async function make() {
  const [a, b] = [new FakeRuntime(), new FakeRuntime()];
  const handles = new Handles(() => Promise.resolve([a, b]));
  const container = await b.createContainer({ id: "web", spec, shim });
  b.calls.length = 0;
  return { a, b, handles, container };
}

describe("Handles", () => {
  it("container() asks one runtime after the other, and then first the one that had it", async () => {
    const { a, b, handles, container } = await make();
    assert.equal(await handles.container("web", {}), container);
    assert.deepEqual([a.calls, b.calls], [["load web"], ["load web"]]);
    assert.equal(await handles.container("web", {}), container);
    assert.deepEqual([a.calls, b.calls], [["load web"], ["load web", "load web"]]);
  });

  it("container() finds the one that somebody else has made in place of the one that is held", async () => {
    const { a, b, handles } = await make();
    await handles.container("web", {});
    const replaced = await b.createContainer({ id: "web", spec, shim, replace: true });
    assert.equal(await handles.container("web", {}), replaced);
    b.containers.delete("web");
    const elsewhere = await a.createContainer({ id: "web", spec, shim });
    assert.equal(await handles.container("web", {}), elsewhere);
  });

  it("container() says not_found only if every runtime does", async () => {
    const { a, handles } = await make();
    await assert.rejects(handles.container("nobody", {}), (error: unknown) => {
      assert.ok(isContainerError(error, "not_found"));
      assert.equal(error.containerId, "nobody");
      return true;
    });
    const problem = new Error("connection lost");
    a.hook = () => {
      throw problem;
    };
    await assert.rejects(handles.container("web", {}), (error) => error === problem);
  });

  it("task() says failed_precondition for a container without one", async () => {
    const { handles } = await make();
    await assert.rejects(handles.task("web", {}), (error: unknown) => {
      assert.ok(isContainerError(error, "failed_precondition"));
      assert.ok(isContainerError(error.cause, "not_found"));
      return true;
    });
  });

  it("process() gives the task for init, and loads another one once", async () => {
    const { b, handles, container } = await make();
    const task = await container.newTask();
    await task.start();
    const added = await task.exec("shell", { cwd: "/", args: ["sh"] });
    assert.equal(await handles.process("web", "init", {}), task);
    b.calls.length = 0;
    assert.equal(await handles.process("web", "shell", {}), added);
    assert.equal(await handles.process("web", "shell", {}), added);
    assert.deepEqual(b.calls, ["load-process web/shell"]);
  });

  it("endProcess() keeps how a process ended, until its id is used again", async () => {
    const { handles, container } = await make();
    const task = await container.newTask();
    handles.addTask(container, task);
    const first = await task.exec("shell", { cwd: "/", args: ["sh"] });
    handles.addProcess(first);
    handles.endProcess(first, exited(3));
    assert.deepEqual(await handles.endedProcess("web", "shell", {}), {
      pid: first.pid,
      status: exited(3),
    });
    await first.delete({ force: true });
    const second = await task.exec("shell", { cwd: "/", args: ["sh"] });
    handles.addProcess(second);
    assert.equal(await handles.endedProcess("web", "shell", {}), undefined);
    // The late end of the first must not be taken for that of the second.
    handles.endProcess(first, exited(3));
    assert.equal(await handles.endedProcess("web", "shell", {}), undefined);
    assert.equal(await handles.process("web", "shell", {}), second);
  });

  it("endProcess() keeps the last 1024 ends of a container", async () => {
    const { handles, container } = await make();
    const task = await container.newTask();
    handles.addTask(container, task);
    for (let index = 0; index <= 1024; index++) {
      const process = await task.exec(`p${index}`, { cwd: "/", args: ["true"] });
      handles.addProcess(process);
      handles.endProcess(process, exited(0));
    }
    const statusOf = async (id: string) => (await handles.endedProcess("web", id, {}))?.status;
    assert.equal(await statusOf("p0"), undefined);
    assert.deepEqual(await statusOf("p1"), exited(0));
    assert.deepEqual(await statusOf("p1024"), exited(0));
  });

  it("removeTask() and removeContainer() let go only of the handle that is held", async () => {
    const { a, b, handles, container } = await make();
    const first = await container.newTask();
    handles.addTask(container, first);
    await first.delete({ force: true });
    const second = await container.newTask();
    await second.start();
    handles.addTask(container, second);
    b.calls.length = 0;
    handles.removeTask(first);
    assert.equal(await handles.task("web", {}), second);
    assert.deepEqual(b.calls, []);
    const other = await b.createContainer({ id: "web", spec, shim, replace: true });
    handles.addContainer(other, b);
    a.calls.length = 0;
    handles.removeContainer(container);
    assert.equal(await handles.container("web", {}), other);
    assert.deepEqual(a.calls, [], "it is not known any more where it is");
    handles.removeContainer(other);
    assert.equal(await handles.container("web", {}), other);
    assert.deepEqual(a.calls, ["load web"]);
  });

  it("addTask() of a new task forgets the ends of the old one's processes", async () => {
    const { handles, container } = await make();
    const first = await container.newTask();
    await first.start();
    handles.addTask(container, first);
    const process = await first.exec("shell", { cwd: "/", args: ["sh"] });
    handles.addProcess(process);
    handles.endProcess(process, exited(1));
    await first.delete({ force: true });
    const second = await container.newTask();
    await second.start();
    handles.addTask(container, second);
    assert.equal(await handles.endedProcess("web", "shell", {}), undefined);
  });

  it("task() looks for the one that somebody else has started after the one that ended", async () => {
    const { handles, container } = await make();
    const first = await container.newTask();
    assert.ok(first instanceof FakeTask);
    await first.start();
    handles.addTask(container, first);
    first.end(exited(0));
    await first.exited;
    assert.equal(await handles.task("web", {}), first);
    await first.delete();
    const second = await container.newTask();
    await second.start();
    first.state = "running"; // what the runtime says of the id now
    first.pid = second.pid + 1;
    assert.equal(await handles.task("web", {}), second);
  });

  it("task() does not give the one of a container that another one has taken the place of", async () => {
    const { a, b, handles, container } = await make();
    const first = await container.newTask();
    assert.ok(first instanceof FakeTask);
    await first.start();
    await handles.container("web", {});
    handles.addTask(container, first);
    first.end(exited(0));
    await first.exited;
    const gone = () => {
      throw new ContainerError("not_found", 'Cannot find task of "web": no record');
    };
    first.status = () => Promise.resolve().then(gone);
    // Only the record of the task is gone.
    assert.equal(await handles.task("web", {}), first);
    const problem = new ContainerError("unavailable", "Cannot reach it: gone");
    b.hook = () => {
      throw problem;
    };
    assert.equal(await handles.task("web", {}), first, "nobody can tell");
    b.hook = () => {};

    await b.createContainer({ id: "web", spec, shim, replace: true });
    await assert.rejects(handles.task("web", {}), withCode("failed_precondition"));
    b.containers.delete("web");
    await assert.rejects(handles.task("web", {}), withCode("not_found"));
    // Nothing is held any more: it is not asked first.
    a.calls.length = 0;
    await a.createContainer({ id: "web", spec, shim });
    await handles.container("web", {});
    assert.deepEqual(a.calls, ["create web", "load web"]);
    assert.equal(b.calls.at(-1), "load web");
  });

  it("container() lets go of one that no runtime has any more, with its task and ends", async () => {
    const { b, handles, container } = await make();
    const task = await container.newTask();
    await task.start();
    await handles.container("web", {});
    handles.addTask(container, task);
    const process = await task.exec("shell", { cwd: "/", args: ["sh"] });
    handles.addProcess(process);
    handles.endProcess(process, exited(3));
    b.containers.delete("web");
    await assert.rejects(handles.container("web", {}), withCode("not_found"));
    assert.equal(await handles.endedProcess("web", "shell", {}), undefined);
    await assert.rejects(handles.task("web", {}), withCode("not_found"));
  });

  it("container() keeps one that was made while it was looked for", async () => {
    const { a, b, handles } = await make();
    b.containers.delete("web");
    const looked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<void>();
    b.hook = (call) => {
      if (call !== "load web") return;
      looked.resolve();
      return answer.promise;
    };
    const finding = handles.container("web", {});
    await looked.promise;
    const made = await a.createContainer({ id: "web", spec, shim });
    handles.addContainer(made, a);
    const task = await made.newTask();
    handles.addTask(made, task);
    answer.resolve();
    await assert.rejects(finding, withCode("not_found"));
    a.calls.length = 0;
    assert.equal(await handles.task("web", {}), task);
    assert.deepEqual(a.calls, [], "it is not looked for again");
  });
});
