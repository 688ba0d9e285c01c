//! Who plays where and when. All artists and clubs are made up.

use anyhow::Result;
use domain::catalogue::{SeatPlan, ShortText};
use time::{
    Date, Duration, OffsetDateTime, Time, UtcOffset, Weekday,
    macros::{offset, time},
};

use super::venues::Hall;

/// Korea has no summer time.
const SEOUL: UtcOffset = offset!(+9);

/// A concert to be added.
#[derive(Clone, Debug)]
pub struct Show {
    /// What it is called.
    pub title: ShortText,
    /// Where it is.
    pub venue: ShortText,
    /// When it starts, in order.
    pub dates: Vec<OffsetDateTime>,
    /// When its sales open; `None`: at once.
    pub sales_open_at: Option<OffsetDateTime>,
    /// The seats of each date.
    pub plan: SeatPlan,
}

struct Entry {
    title: &'static str,
    venue: &'static str,
    hall: Hall,
    /// In how many days it is played.
    in_days: &'static [i64],
    /// In how many days its sales open, if not at once.
    sales_in_days: Option<i64>,
}

const fn entry(
    title: &'static str,
    venue: &'static str,
    hall: Hall,
    in_days: &'static [i64],
) -> Entry {
    Entry {
        title,
        venue,
        hall,
        in_days,
        sales_in_days: None,
    }
}

const CLUB: Hall = Hall::Club { price: 55_000 };
const LATE_CLUB: Hall = Hall::Club { price: 44_000 };

const PROGRAMME: [Entry; 12] = [
    entry(
        "STARLIT HARBOR 월드 투어 〈첫 항해〉 서울",
        "잠실 올림픽주경기장",
        Hall::Arena,
        &[33, 34],
    ),
    entry(
        "새벽세시반 단독 공연 〈막차를 놓친 밤〉",
        "홍대 라이브클럽 물결",
        CLUB,
        &[4, 5, 6],
    ),
    entry(
        "The Paper Lanterns: Live in Seoul",
        "성수 소극장 벽돌",
        CLUB,
        &[9, 10, 11],
    ),
    entry(
        "달빛정거장 어쿠스틱 콘서트",
        "합정 지하무대 온음",
        CLUB,
        &[6, 13, 20],
    ),
    entry(
        "Velvet Tram – Midnight Timetable Tour",
        "이태원 재즈클럽 파랑",
        LATE_CLUB,
        &[7, 8],
    ),
    entry(
        "초록지붕밴드 10주년 기념 콘서트 〈여름의 끝〉",
        "대학로 마당극장",
        Hall::Theatre,
        &[15, 16],
    ),
    entry(
        "Orquesta Luna Parda – Tangos y Boleros",
        "서초 아트홀 가람",
        Hall::Philharmonic,
        &[18, 19],
    ),
    entry(
        "물빛서커스 전국 투어 – 부산",
        "부산 해운대 문화극장",
        Hall::Theatre,
        &[22, 23, 24],
    ),
    entry(
        "Glass Orchard: Songs for Winter Windows",
        "연남 작은음악당",
        CLUB,
        &[12, 14, 21],
    ),
    entry(
        "Trio Café Minuit – Jazz de Nuit",
        "이태원 재즈클럽 파랑",
        LATE_CLUB,
        &[3, 10, 17, 24],
    ),
    entry(
        "국악 앙상블 바람결 〈달 아래 걷다〉",
        "남산 한옥 국악당",
        Hall::Theatre,
        &[26, 27],
    ),
    Entry {
        sales_in_days: Some(3),
        ..entry(
            "NEON MAGPIE 앙코르 콘서트 〈한 번 더〉",
            "올림픽공원 소공연장",
            Hall::Philharmonic,
            &[45, 46, 47],
        )
    },
];

/// The concerts of the weeks after `now`.
pub fn shows(now: OffsetDateTime) -> Result<Vec<Show>> {
    let today = now.to_offset(SEOUL).date();
    PROGRAMME.iter().map(|entry| show(entry, today)).collect()
}

fn show(entry: &Entry, today: Date) -> Result<Show> {
    let day = |days: i64| today + Duration::days(days);
    let opening = |days| at(day(days), time!(20:00));
    Ok(Show {
        title: ShortText::new(entry.title)?,
        venue: ShortText::new(entry.venue)?,
        dates: entry
            .in_days
            .iter()
            .map(|days| evening(day(*days)))
            .collect(),
        sales_open_at: entry.sales_in_days.map(opening),
        plan: entry.hall.plan()?,
    })
}

/// When a show starts on this day: earlier on weekends.
fn evening(day: Date) -> OffsetDateTime {
    let time = match day.weekday() {
        Weekday::Saturday => time!(18:00),
        Weekday::Sunday => time!(17:00),
        _ => time!(20:00),
    };
    at(day, time)
}

fn at(day: Date, time: Time) -> OffsetDateTime {
    day.with_time(time)
        .assume_offset(SEOUL)
        .to_offset(UtcOffset::UTC)
}
