//! Answers that are charged to the memory of queries until they are sent.

use std::ops::{Deref, DerefMut};

use signals::MemoryReservation;

use crate::QueryError;

/// An answer that is charged to the memory of queries until it is dropped.
#[derive(Debug)]
pub struct Counted<T> {
    answer: T,
    memory: MemoryReservation,
}

impl<T> Counted<T> {
    pub(crate) fn new(answer: T, memory: MemoryReservation) -> Self {
        Self { answer, memory }
    }

    /// Also charges bytes that are derived from it.
    ///
    /// # Errors
    /// [`QueryError::TooLarge`] or [`QueryError::Busy`] when queries have less memory left.
    pub fn reserve(&self, bytes: usize) -> Result<(), QueryError> {
        Ok(self.memory.try_grow(bytes)?)
    }

    /// Drops the answer and keeps its charge, for the text that was made from it.
    pub fn into_memory(self) -> MemoryReservation {
        self.memory
    }
}

impl<T> Deref for Counted<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.answer
    }
}

impl<T> DerefMut for Counted<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.answer
    }
}
