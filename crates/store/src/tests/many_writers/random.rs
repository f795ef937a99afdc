//! Everything at once, as a seed decides.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::task::JoinHandle;

use super::cluster::*;
use crate::StoreError;
use crate::tests::sim_objects::Fault;

const WRITERS: usize = 3;
const STEPS: usize = 40;
const SEEDS: u64 = 12;

struct Run {
    cluster: Cluster,
    writers: Vec<Process>,
    /// What a writer was doing when it was stopped.
    paused: Vec<Option<JoinHandle<Result<(), StoreError>>>>,
    role: Role,
    random: StdRng,
}

impl Run {
    async fn new(seed: u64) -> Self {
        let cluster = Cluster::new();
        let mut writers = Vec::new();
        for number in 1..=WRITERS {
            writers.push(cluster.start(number as u64).await);
        }
        let role = cluster.role().await;
        let paused = (0..WRITERS).map(|_| None).collect();
        Self { cluster, writers, paused, role, random: StdRng::seed_from_u64(seed) }
    }

    fn action(&mut self) -> Action {
        if self.random.random_ratio(2, 3) { Action::Flush } else { Action::Maintain }
    }

    async fn step(&mut self, context: &str) {
        let writer = self.random.random_range(0..WRITERS);
        match self.random.random_range(0..12) {
            0..=2 => self.writers[writer].send().await,
            3 | 4 if self.paused[writer].is_none() => {
                let (operation, action) = (self.random.random_range(1..16), self.action());
                self.paused[writer] = self.writers[writer].pause(operation, action).await;
            }
            5 | 6 if self.paused[writer].is_none() => {
                let action = self.action();
                let operation = self.random.random_range(1..16);
                self.fail(writer, operation, action).await;
            }
            7 => self.restart(writer).await,
            8 | 9 => {
                let _ = self.role.maintenance.run().await;
            }
            10 => {
                let minutes = self.random.random_range(0..12);
                self.cluster.clock.advance(Duration::from_mins(minutes));
            }
            _ => self.resume(writer).await,
        }
        if self.paused[writer].is_none() {
            let process = &self.writers[writer];
            process.store().inner.catalog.refresh().await.unwrap();
            let sent: Vec<_> = self.writers.iter().map(|process| process.sent.as_slice()).collect();
            check(process, &sent, context).await;
        }
    }

    async fn fail(&mut self, writer: usize, operation: u64, action: Action) {
        let faults = [Fault::Error, Fault::LostAnswer, Fault::CrashBefore, Fault::CrashAfter];
        let fault = faults[self.random.random_range(0..faults.len())];
        let process = &mut self.writers[writer];
        process.client.fail_at(operation, fault);
        let _ = process.act(action).await;
        process.client.cancel_fault();
        if matches!(fault, Fault::CrashBefore | Fault::CrashAfter) {
            process.restart(&self.cluster).await;
        }
    }

    async fn restart(&mut self, writer: usize) {
        self.writers[writer].restart(&self.cluster).await;
        if let Some(task) = self.paused[writer].take() {
            let _ = task.await.unwrap();
        }
    }

    async fn resume(&mut self, writer: usize) {
        if let Some(task) = self.paused[writer].take() {
            self.writers[writer].client.resume();
            let _ = task.await.unwrap();
        }
    }
}

#[tokio::test]
async fn three_writers_and_a_compactor_lose_and_double_nothing_whatever_happens() {
    for seed in 0..SEEDS {
        let mut run = Run::new(seed).await;
        for step in 0..STEPS {
            run.step(&format!("seed {seed}, step {step}")).await;
        }
        for writer in 0..WRITERS {
            run.resume(writer).await;
        }
        let mut writers: Vec<&mut Process> = run.writers.iter_mut().collect();
        check_restart(&run.cluster, &mut writers, &format!("seed {seed}")).await;
    }
}
