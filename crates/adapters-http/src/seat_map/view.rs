//! Seat maps as JSON, written once for all who ask.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use actix_web::{
    body::to_bytes,
    web::{self, Bytes},
};
use domain::{
    catalogue::{MapVersion, SeatMap, Snapshot},
    seats::{Seat, SeatStatus, row_length},
};
use serde::{Serialize, Serializer as _};
use tokio::sync::OnceCell;
use utoipa::ToSchema;
use uuid::Uuid;

use super::pieces::Pieces;
use crate::{coding::Coding, etag::Tag, language::Language, moment::Moment, problem::Problem};

/// A seat's status as shown and asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SeatStatus)]
pub(super) enum Status {
    Available,
    Held,
    Sold,
}

impl Status {
    fn of(status: SeatStatus) -> Self {
        match status {
            SeatStatus::Available => Self::Available,
            SeatStatus::Held { .. } => Self::Held,
            SeatStatus::Sold { .. } => Self::Sold,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Held => "held",
            Self::Sold => "sold",
        }
    }

    pub(super) fn read(name: &str) -> Option<Self> {
        let all = [Self::Available, Self::Held, Self::Sold];
        all.into_iter().find(|status| status.name() == name)
    }
}

/// Which seats are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    All,
    /// Those with this status.
    Only(Status),
    /// Those that have changed since.
    Since(MapVersion),
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Only(status) => f.write_str(status.name()),
            Self::Since(version) => write!(f, "since-{version}"),
        }
    }
}

/// The seats of a date, here what comes before them. The numbers are those of the whole map, whichever seats are shown.
#[derive(Serialize, ToSchema)]
#[schema(as = SeatMap)]
pub(super) struct Front {
    schedule_id: Uuid,
    starts_at: Moment,
    total_seats: usize,
    seats_per_row: u32,
    remaining_seats: usize,
    sold_out: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<&'static str>,
    version: String,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Seat)]
pub(crate) struct SeatView<'a> {
    id: Uuid,
    number: u32,
    grade: &'a str,
    price: i64,
    status: Status,
}

fn seat((seat, status): (&Seat, SeatStatus)) -> SeatView<'_> {
    SeatView {
        id: seat.id.get(),
        number: seat.number.get(),
        grade: &seat.grade,
        price: seat.price.get(),
        status: Status::of(status),
    }
}

/// The message of a sold-out date (SPEC §5).
const fn all_reserved(language: Language) -> &'static str {
    match language {
        Language::English => "All seats are already reserved",
        Language::Korean => "모든 좌석이 이미 예약되었습니다",
    }
}

/// What has been written of one state of a seat map, kept with that state. Only the time at which it was
/// read is not in here: when nothing changes, a refresh has nothing to write.
#[derive(Default)]
struct Shelf {
    english: OnceLock<Bytes>,
    korean: OnceLock<Bytes>,
    lists: Mutex<VecDeque<(Shown, Arc<OnceCell<Bytes>>)>>,
    packed: Mutex<VecDeque<(String, Arc<OnceCell<Bytes>>)>>,
}

impl Shelf {
    /// Those who follow the changes all have one of the last few states.
    const MOST: usize = 16;

    /// How many whole answers are kept compressed, of the last few reads of a state.
    const MOST_PACKED: usize = 8;

    fn front(&self, map: &SeatMap, language: Language) -> Result<Bytes, Problem> {
        let place = match language {
            Language::English => &self.english,
            Language::Korean => &self.korean,
        };
        if let Some(front) = place.get() {
            return Ok(front.clone());
        }
        let front = front(map, language).map_err(Problem::internal)?;
        Ok(place.get_or_init(|| front).clone())
    }

    /// The place for a list of seats. When there are too many, the oldest of changes makes room.
    fn list(&self, shown: Shown) -> Arc<OnceCell<Bytes>> {
        let mut lists = self.lists.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, list)) = lists.iter().find(|(of, _)| *of == shown) {
            return list.clone();
        }
        let changes = |(of, _): &(Shown, _)| matches!(of, Shown::Since(_));
        if lists.len() >= Self::MOST
            && let Some(oldest) = lists.iter().position(changes)
        {
            lists.remove(oldest);
        }
        let list = Arc::<OnceCell<Bytes>>::default();
        lists.push_back((shown, list.clone()));
        list
    }

    /// The place for the compressed answer of this name. The oldest makes room.
    fn packed(&self, name: String) -> Arc<OnceCell<Bytes>> {
        let mut packed = self.packed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, place)) = packed.iter().find(|(of, _)| *of == name) {
            return place.clone();
        }
        if packed.len() >= Self::MOST_PACKED {
            packed.pop_front();
        }
        let place = Arc::<OnceCell<Bytes>>::default();
        packed.push_back((name, place.clone()));
        place
    }
}

fn front(map: &SeatMap, language: Language) -> serde_json::Result<Bytes> {
    let sold_out = map.remaining() == 0;
    let mut json = serde_json::to_string(&Front {
        schedule_id: map.schedule_id().get(),
        starts_at: Moment(map.starts_at()),
        total_seats: map.total(),
        seats_per_row: row_length(u32::try_from(map.total()).unwrap_or(u32::MAX)),
        remaining_seats: map.remaining(),
        sold_out,
        message: sold_out.then(|| all_reserved(language)),
        version: map.version().to_string(),
    })?;
    // The object goes on.
    json.truncate(json.len() - 1);
    json.push_str(",\"as_of\":");
    Ok(json.into())
}

/// The list of the seats that are shown, and the end of the object.
fn list(map: &SeatMap, shown: Shown) -> serde_json::Result<Bytes> {
    let mut json = Vec::new();
    let mut to = serde_json::Serializer::new(&mut json);
    match shown {
        Shown::All => to.collect_seq(map.seats().map(seat)),
        Shown::Only(only) => {
            let these = map
                .seats()
                .filter(|(_, status)| Status::of(*status) == only);
            to.collect_seq(these.map(seat))
        }
        Shown::Since(since) => to.collect_seq(map.changed_since(since).map(seat)),
    }?;
    json.push(b'}');
    Ok(json.into())
}

/// From so many seats on, writing them takes too long for the threads that answer requests: 20,000
/// take milliseconds.
const MANY: usize = 2_000;

async fn write(map: Arc<SeatMap>, shown: Shown) -> Result<Bytes, Problem> {
    let written = if map.total() < MANY {
        list(&map, shown)
    } else {
        let written = web::block(move || list(&map, shown)).await;
        written.map_err(Problem::internal)?
    };
    written.map_err(Problem::internal)
}

/// The body that shows a seat map. The seats are written by the first who asks for them, while others
/// wait; all share what was written.
pub(super) async fn body(
    Snapshot { map, as_of }: &Snapshot,
    shown: Shown,
    language: Language,
) -> Result<Pieces, Problem> {
    let shelf = map.memo.keep::<Shelf>();
    let list = shelf.list(shown);
    let list = list.get_or_try_init(|| write(map.clone(), shown)).await?;
    let as_of = serde_json::to_string(&Moment(*as_of)).map_err(Problem::internal)?;
    let mut body = Pieces::default();
    body.push(shelf.front(map, language)?);
    body.push(as_of + ",\"seats\":");
    body.push(list.clone());
    Ok(body)
}

/// The whole body, compressed: once for all who ask for what `tag` names, while others wait.
pub(super) async fn packed(
    snapshot: &Snapshot,
    tag: &Tag,
    coding: Coding,
    body: Pieces,
) -> Result<Bytes, Problem> {
    let shelf = snapshot.map.memo.keep::<Shelf>();
    let place = shelf.packed(format!("{tag}{}", coding.name()));
    let pack = async || {
        let plain = to_bytes(body).await.map_err(Problem::internal)?;
        coding.pack(plain).await
    };
    Ok(place.get_or_try_init(pack).await?.clone())
}
