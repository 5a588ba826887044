//! One thread that runs many tasks, the next one chosen by chance.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::future::LocalBoxFuture;

use crate::chance::Chance;

/// Tasks that live and die together, such as those of one process.
pub(crate) type Group = u64;

/// The tasks.
#[derive(Default)]
pub(crate) struct Executor {
    tasks: RefCell<BTreeMap<u64, Task>>,
    spawned: Cell<u64>,
    polls: Cell<u64>,
}

struct Task {
    group: Group,
    /// Absent while it is being polled.
    future: Option<LocalBoxFuture<'static, ()>>,
    news: Arc<News>,
}

/// Whether a task was woken.
struct News(AtomicBool);

impl Wake for News {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Executor {
    /// Adds a task.
    pub(crate) fn spawn(&self, group: Group, future: impl Future<Output = ()> + 'static) {
        let number = self.spawned.get();
        self.spawned.set(number + 1);
        let task = Task {
            group,
            future: Some(Box::pin(future)),
            news: Arc::new(News(AtomicBool::new(true))),
        };
        self.tasks.borrow_mut().insert(number, task);
    }

    /// Ends all tasks of a group where they stand.
    pub(crate) fn kill(&self, group: Group) {
        let dead = |_: &u64, task: &mut Task| task.group == group;
        let killed: Vec<Task> = {
            let mut tasks = self.tasks.borrow_mut();
            tasks.extract_if(.., dead).map(|(_, task)| task).collect()
        };
        // What a task drops may wake others or release what it held.
        drop(killed);
    }

    /// Ends all tasks.
    pub(crate) fn clear(&self) {
        let all = std::mem::take(&mut *self.tasks.borrow_mut());
        drop(all);
    }

    /// How often tasks were polled.
    pub(crate) fn polls(&self) -> u64 {
        self.polls.get()
    }

    /// Chooses a task that has news; answers its number and its group.
    pub(crate) fn choose(&self, chance: &Chance) -> Option<(u64, Group)> {
        let tasks = self.tasks.borrow();
        let awake = tasks.iter();
        let awake: Vec<_> = awake
            .filter(|(_, task)| task.news.0.load(Ordering::Relaxed))
            .map(|(number, task)| (*number, task.group))
            .collect();
        chance.pick(&awake).copied()
    }

    /// Polls a task once.
    pub(crate) fn poll(&self, number: u64) {
        let taken = self.tasks.borrow_mut().get_mut(&number).and_then(|task| {
            task.news.0.store(false, Ordering::Relaxed);
            Some((task.future.take()?, Waker::from(Arc::clone(&task.news))))
        });
        let Some((mut future, waker)) = taken else {
            return;
        };
        self.polls.set(self.polls.get() + 1);
        let ready = future.as_mut().poll(&mut Context::from_waker(&waker));
        let mut tasks = self.tasks.borrow_mut();
        match ready {
            Poll::Ready(()) => {
                tasks.remove(&number);
            }
            // It may have been killed by itself.
            Poll::Pending => match tasks.get_mut(&number) {
                Some(task) => task.future = Some(future),
                None => {
                    drop(tasks);
                    drop(future);
                }
            },
        }
    }
}
