//! DataFusion's memory pool of one query, backed by the budget of all queries.

use std::fmt;
use std::sync::Arc;

use datafusion::error::DataFusionError;
use datafusion::execution::memory_pool::{MemoryLimit, MemoryPool, MemoryReservation};

use crate::error::out_of_memory;

/// Memory that the operators of one query hold.
#[derive(Debug)]
pub(super) struct QueryPool {
    memory: Arc<signals::MemoryReservation>,
}

impl QueryPool {
    /// A pool backed by the reservation of the query.
    pub(super) fn new(memory: Arc<signals::MemoryReservation>) -> Self {
        Self { memory }
    }
}

impl MemoryPool for QueryPool {
    fn name(&self) -> &'static str {
        "query"
    }

    fn grow(&self, _reservation: &MemoryReservation, additional: usize) {
        self.memory.grow(additional);
    }

    fn shrink(&self, _reservation: &MemoryReservation, shrink: usize) {
        self.memory.shrink(shrink);
    }

    fn try_grow(
        &self,
        _reservation: &MemoryReservation,
        additional: usize,
    ) -> Result<(), DataFusionError> {
        self.memory.try_grow(additional).map_err(out_of_memory)
    }

    fn reserved(&self) -> usize {
        self.memory.bytes()
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.memory.budget().bytes_max())
    }
}

impl fmt::Display for QueryPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes_max = self.memory.budget().bytes_max();
        write!(f, "query ({} of {bytes_max} bytes)", self.memory.bytes())
    }
}
