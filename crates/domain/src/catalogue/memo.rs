//! What others make of a value, kept beside it.

use std::{
    any::Any,
    fmt,
    sync::{Arc, OnceLock},
};

/// A place in a value where a layer further out keeps what it has made of the value, such as its
/// serialised form. What is kept lives exactly as long as the value, so nobody has to throw it away.
///
/// It is no part of the value: a copy begins with an empty place, and any two are equal.
#[derive(Default)]
pub struct Memo(OnceLock<Arc<dyn Any + Send + Sync>>);

impl Memo {
    /// What is kept, made by [`Default`] at the first call. There is one place for one type: whoever
    /// comes second with another type gets a new one each time, which is kept nowhere.
    pub fn keep<T: Any + Default + Send + Sync>(&self) -> Arc<T> {
        let kept = self.0.get_or_init(|| Arc::<T>::default());
        kept.clone().downcast().unwrap_or_default()
    }
}

impl Clone for Memo {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for Memo {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Memo {}

impl fmt::Debug for Memo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Memo")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[test]
    fn what_is_kept_is_there_the_next_time_and_not_in_a_copy() {
        let memo = Memo::default();
        *memo.keep::<Mutex<u8>>().lock().unwrap() = 7;
        assert_eq!(*memo.keep::<Mutex<u8>>().lock().unwrap(), 7);
        assert_eq!(*memo.clone().keep::<Mutex<u8>>().lock().unwrap(), 0);
        assert_eq!(*memo.keep::<u16>(), 0, "another type is kept nowhere");
        assert_eq!(
            format!("{memo:?}"),
            "Memo",
            "of what is kept nothing is known"
        );
    }
}
