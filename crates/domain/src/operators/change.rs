//! What the log says of a change.

use time::OffsetDateTime;
use uuid::Uuid;

/// What an operator did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// A concert was added.
    ConcertCreated,
    /// The texts of a concert were changed.
    ConcertChanged,
    /// A date was added to a concert.
    ScheduleCreated,
    /// A date was moved, or its sales were closed or opened.
    ScheduleChanged,
    /// Seats were kept for the house.
    SeatsBlocked,
    /// Seats were given back to everyone.
    SeatsUnblocked,
    /// Seats were given to a user for nothing.
    SeatsGiven,
    /// A date was called off.
    ScheduleCancelled,
    /// The policy of the queue was changed.
    QueueChanged,
    /// A key was made.
    KeyCreated,
    /// A key was revoked.
    KeyRevoked,
    /// A webhook was registered.
    WebhookCreated,
    /// A webhook was removed.
    WebhookRemoved,
    /// Dead letters of a webhook were sent again.
    WebhookRedelivered,
}

impl Action {
    /// Its name in the log, which never changes.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ConcertCreated => "concert.created",
            Self::ConcertChanged => "concert.changed",
            Self::ScheduleCreated => "schedule.created",
            Self::ScheduleChanged => "schedule.changed",
            Self::SeatsBlocked => "seats.blocked",
            Self::SeatsUnblocked => "seats.unblocked",
            Self::SeatsGiven => "seats.given",
            Self::ScheduleCancelled => "schedule.cancelled",
            Self::QueueChanged => "queue.changed",
            Self::KeyCreated => "operator_key.created",
            Self::KeyRevoked => "operator_key.revoked",
            Self::WebhookCreated => "webhook.created",
            Self::WebhookRemoved => "webhook.removed",
            Self::WebhookRedelivered => "webhook.redelivered",
        }
    }
}

/// A value that was set or changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// There is none.
    Nothing,
    /// A text.
    Text(String),
    /// A number, for example of won.
    Number(i64),
    /// Whether something is so.
    Flag(bool),
    /// A time.
    Time(OffsetDateTime),
    /// Several numbers, for example of seats.
    Numbers(Vec<u32>),
}

/// What an operator changed, for the log. It is stored in the transaction of the change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What was done.
    pub action: Action,
    /// To what: ids by kind.
    pub subject: Vec<(&'static str, Uuid)>,
    /// What it set or changed, by name: what is now, and, if something was changed, what was before.
    pub details: Vec<(&'static str, Option<Fact>, Fact)>,
}

impl Change {
    /// That this was done.
    pub const fn new(action: Action) -> Self {
        Self {
            action,
            subject: Vec::new(),
            details: Vec::new(),
        }
    }

    /// To the thing with this id, of a kind such as `concert_id`.
    #[must_use]
    pub fn of(mut self, kind: &'static str, id: Uuid) -> Self {
        self.subject.push((kind, id));
        self
    }

    /// And something was set.
    #[must_use]
    pub fn set(mut self, name: &'static str, to: impl Into<Fact>) -> Self {
        self.details.push((name, None, to.into()));
        self
    }

    /// And something was changed, unless it was so before.
    #[must_use]
    pub fn changed(
        mut self,
        name: &'static str,
        from: impl Into<Fact>,
        to: impl Into<Fact>,
    ) -> Self {
        let (from, to) = (from.into(), to.into());
        if from != to {
            self.details.push((name, Some(from), to));
        }
        self
    }
}

impl From<&str> for Fact {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Fact {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<u32> for Fact {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl From<i64> for Fact {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<bool> for Fact {
    fn from(flag: bool) -> Self {
        Self::Flag(flag)
    }
}

impl From<OffsetDateTime> for Fact {
    fn from(time: OffsetDateTime) -> Self {
        Self::Time(time)
    }
}

impl From<Vec<u32>> for Fact {
    fn from(numbers: Vec<u32>) -> Self {
        Self::Numbers(numbers)
    }
}

impl<T: Into<Self>> From<Option<T>> for Fact {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Nothing, Into::into)
    }
}
