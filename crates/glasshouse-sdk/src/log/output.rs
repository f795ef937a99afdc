//! The destination of lines.

use std::cell::Cell;
use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

thread_local! {
    static IS_WRITING: Cell<bool> = const { Cell::new(false) };
}

/// Standard output, or a custom writer.
#[derive(Clone, Default)]
pub(crate) struct Output(Option<Arc<Mutex<Box<dyn Write + Send>>>>);

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "writer" } else { "stdout" })
    }
}

impl Output {
    /// A custom writer.
    pub(crate) fn to(writer: impl Write + Send + 'static) -> Self {
        Self(Some(Arc::new(Mutex::new(Box::new(writer)))))
    }

    /// Whether the output is a terminal.
    pub(crate) fn is_terminal(&self) -> bool {
        self.0.is_none() && io::stdout().is_terminal()
    }

    /// Writes one line, including the newline, in one call.
    pub(crate) fn write(&self, line: &[u8]) -> io::Result<()> {
        let Some(writer) = &self.0 else { return io::stdout().lock().write_all(line) };
        // A writer that logs would deadlock.
        let _writing = Writing::begin().ok_or(io::ErrorKind::WouldBlock)?;
        writer.lock().write_all(line)
    }

    /// Flushes a custom writer, unless it is blocked by another thread. Standard output is
    /// line-buffered.
    pub(crate) fn flush(&self) {
        const PATIENCE: Duration = Duration::from_millis(100);
        let (Some(writer), Some(_writing)) = (&self.0, Writing::begin()) else { return };
        if let Some(mut writer) = writer.try_lock_for(PATIENCE) {
            // There is no way to report an error here.
            let _ = writer.flush();
        }
    }
}

struct Writing;

impl Writing {
    fn begin() -> Option<Self> {
        let is_nested = IS_WRITING.try_with(|is_writing| is_writing.replace(true)).unwrap_or(true);
        (!is_nested).then_some(Self)
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        // While the thread exits there is nothing to reset.
        let _ = IS_WRITING.try_with(|is_writing| is_writing.set(false));
    }
}
