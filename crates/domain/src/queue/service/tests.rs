use super::*;
use crate::{
    clock::FixedClock,
    id::CountingIds,
    queue::{
        MockLineView, MockPresence, MockTokenQueue,
        token::tests::{NOON, active, pass},
    },
};
use futures_util::FutureExt;

const WAITING: Standing = Standing::Waiting {
    ahead: 4,
    total: 9,
    estimated_wait: None,
};

fn line_showing(standing: Standing) -> MockLineView {
    let mut line = MockLineView::new();
    line.expect_standing().return_const(standing);
    line
}

fn service(tokens: MockTokenQueue, line: MockLineView) -> QueueService {
    QueueService::new(
        Arc::new(tokens),
        Arc::new(line),
        Arc::new(MockPresence::new()),
        Arc::new(FixedClock::at(NOON)),
        Arc::new(CountingIds::default()),
    )
}

fn joined(answer: Result<Issued, JoinRefusal>) -> MockTokenQueue {
    let mut tokens = MockTokenQueue::new();
    tokens
        .expect_join()
        .times(1)
        .return_once(move |_| Ok(answer));
    tokens
}

fn waiting_token() -> QueueToken {
    QueueToken {
        pass: pass(5),
        state: TokenState::Waiting,
    }
}

#[test]
fn rule_2_asking_again_answers_the_token_there_is() {
    let service = service(
        joined(Err(JoinRefusal::TokenExists(waiting_token()))),
        line_showing(WAITING),
    );
    let refusal = service
        .issue(pass(5).user_id)
        .now_or_never()
        .unwrap()
        .unwrap_err();
    let JoinError::TokenExists(view) = refusal else {
        panic!("{refusal:?}")
    };
    assert_eq!(view.pass, pass(5));
    assert!(matches!(
        view.status,
        QueueStatus::Waiting(WaitingView {
            ahead: 4,
            total: 9,
            ..
        })
    ));
}

#[test]
fn rule_6_a_new_token_is_told_its_place_before_the_line_has_followed_it() {
    let mut line = MockLineView::new();
    let wait = Duration::seconds(30);
    line.expect_wait_for()
        .withf(|people, _| *people == 5)
        .return_const(wait);
    let service = service(
        joined(Ok(Issued {
            token: waiting_token(),
            ahead: 4,
        })),
        line,
    );
    let view = service
        .issue(pass(5).user_id)
        .now_or_never()
        .unwrap()
        .unwrap();
    let QueueStatus::Waiting(place) = view.status else {
        panic!("{view:?}")
    };
    assert_eq!(
        (place.ahead, place.total, place.estimated_wait),
        (4, 5, Some(wait))
    );
}

#[test]
fn rule_2_a_check_issues_a_token_when_there_is_none() {
    let service = service(
        joined(Ok(Issued {
            token: active(1),
            ahead: 0,
        })),
        MockLineView::new(),
    );
    let checked = service
        .check(pass(1).user_id, None)
        .now_or_never()
        .unwrap()
        .unwrap();
    assert!(checked.issued);
    assert!(matches!(checked.view.status, QueueStatus::Active { .. }));
}

#[test]
fn rule_2_a_check_with_a_live_token_reports_it_without_the_database() {
    let service = service(MockTokenQueue::new(), line_showing(WAITING));
    let checked = service
        .check(pass(5).user_id, Some(pass(5)))
        .now_or_never()
        .unwrap()
        .unwrap();
    assert!(!checked.issued);
}

#[test]
fn rule_2_a_check_with_a_token_that_ended_issues_a_new_one() {
    let service = service(
        joined(Ok(Issued {
            token: active(7),
            ahead: 0,
        })),
        line_showing(Standing::Ended),
    );
    let checked = service
        .check(pass(5).user_id, Some(pass(5)))
        .now_or_never()
        .unwrap()
        .unwrap();
    assert!(checked.issued);
    assert_eq!(checked.view.pass, pass(7));
}

#[test]
fn rule_6_a_token_just_issued_elsewhere_is_found_after_one_refresh() {
    let mut line = MockLineView::new();
    let mut answers = vec![WAITING, Standing::Unseen];
    line.expect_standing()
        .times(2)
        .returning(move |_, _| answers.pop().unwrap());
    line.expect_refreshed().times(1).return_const(());
    let view = service(MockTokenQueue::new(), line)
        .look(pass(5))
        .now_or_never()
        .unwrap();
    assert!(matches!(view.unwrap().status, QueueStatus::Waiting(_)));
}

#[test]
fn rule_8_a_token_nobody_has_ever_seen_opens_nothing() {
    let mut line = line_showing(Standing::Unseen);
    line.expect_refreshed().return_const(());
    let door = service(MockTokenQueue::new(), line)
        .admitted(pass(5))
        .now_or_never()
        .unwrap();
    assert_eq!(door, Err(NotAdmitted::Ended));
}

#[test]
fn rule_8_a_waiting_token_is_told_its_place_at_the_door() {
    let service = service(MockTokenQueue::new(), line_showing(WAITING));
    let door = service.admitted(pass(5)).now_or_never().unwrap();
    assert!(matches!(door, Err(NotAdmitted::Waiting(view)) if view.pass == pass(5)));
}

#[test]
fn rule_5_leaving_twice_tells_that_the_token_has_ended() {
    let mut tokens = MockTokenQueue::new();
    tokens.expect_leave().return_once(|_| Ok(false));
    let left = service(tokens, MockLineView::new())
        .leave(pass(1))
        .now_or_never()
        .unwrap();
    assert!(matches!(left, Err(LeaveError::Ended)));
}

#[test]
fn rule_5_a_request_is_noted_as_presence() {
    let mut presence = MockPresence::new();
    presence.expect_saw().times(1).return_const(());
    let mut service = service(MockTokenQueue::new(), MockLineView::new());
    service.presence = Arc::new(presence);
    service.saw(pass(1).user_id);
}

#[test]
fn rule_6_those_farther_back_ask_less_often_and_not_all_at_once() {
    let millis = |ticket, ahead| {
        WaitingView::new(&pass(ticket), ahead, 1, None)
            .poll_after
            .whole_milliseconds()
    };
    assert!((750..=1_250).contains(&millis(1, 0)));
    assert!((7_500..=13_750).contains(&millis(1, 10_000)));
    assert!((45_000..=75_000).contains(&millis(1, 1_000_000)));
    assert!(millis(1, u64::MAX) <= 75_000);
    let together: std::collections::HashSet<_> = (0..100).map(|t| millis(t, 10_000)).collect();
    assert!(
        together.len() > 50,
        "a hundred neighbours ask at many moments"
    );
}
