// Where the module's tasks run.
//
// A panic in Rust is a trap, and most of the module runs in microtasks, where an uncaught
// exception ends the whole worker. So the generated bindings import this function in place
// of the global one of the same name, and every trap ends up with one listener.

let listener: (fault: unknown) => void = (fault) => {
  throw fault;
};

/** From now on faults of the module's tasks go to `listen`. */
export function onFault(listen: (fault: unknown) => void): void {
  listener = listen;
}

/** Runs a task of the module after the current one. */
export function queueMicrotask(task: () => void): void {
  globalThis.queueMicrotask(() => {
    try {
      task();
    } catch (fault) {
      listener(fault);
    }
  });
}
