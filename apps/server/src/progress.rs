//! One line that says how far it is, for those who watch.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// How often the line moves, so that one sees that something is done.
const EVERY: Duration = Duration::from_millis(100);

/// A line on stderr if that is a terminal, or else nothing. It is gone when this is dropped.
pub struct Progress(ProgressBar);

impl Progress {
    /// Begins with `what` is done.
    pub fn of(what: impl Into<String>) -> Self {
        let line = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}  {elapsed}") {
            line.set_style(style);
        }
        line.set_message(what.into());
        line.enable_steady_tick(EVERY);
        Self(line)
    }

    /// Goes on with `what`.
    pub fn show(&self, what: impl Into<String>) {
        self.0.set_message(what.into());
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
