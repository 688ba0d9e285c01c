//! Long lists, a page at a time.

/// Which page: the items after `after` (none: from the start), at most `limit` of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRequest<C> {
    /// The cursor of the last item already seen.
    pub after: Option<C>,
    /// At most so many items, 1 or more.
    pub limit: u32,
}

/// A page of a list, and where the next one starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T, C> {
    /// The items, in the order of the list.
    pub items: Vec<T>,
    /// The cursor of the last item, if there are more after it.
    pub next: Option<C>,
}

impl<T, C> Page<T, C> {
    /// A page out of up to `limit + 1` items: the one too many only tells that there are more.
    pub fn of(mut items: Vec<T>, limit: u32, cursor: impl Fn(&T) -> C) -> Self {
        let limit = limit as usize;
        let more = items.len() > limit;
        items.truncate(limit);
        let next = if more { items.last().map(cursor) } else { None };
        Self { items, next }
    }
}

#[cfg(test)]
mod tests {
    use super::Page;

    #[test]
    fn a_page_names_its_last_item_only_when_more_follow() {
        assert_eq!(
            Page::of(vec![1, 2, 3], 2, |n| *n),
            Page {
                items: vec![1, 2],
                next: Some(2)
            }
        );
        assert_eq!(
            Page::of(vec![1, 2], 2, |n| *n),
            Page {
                items: vec![1, 2],
                next: None
            }
        );
    }
}
