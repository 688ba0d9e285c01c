//! One thing after the other.

use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner},
};
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, strategy::Sequential};

use super::{
    RUNTIME, cases, options,
    oracle::{Flaw, Model},
    step::Step,
    subject::Subject,
};

/// The most steps of a journey.
const STEPS: usize = 60;

impl ReferenceStateMachine for Model {
    type State = Self;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Self> {
        Just(Self::new(options(), Flaw::None)).boxed()
    }

    fn transitions(model: &Self) -> BoxedStrategy<Step> {
        Step::any(model)
    }

    fn preconditions(model: &Self, step: &Step) -> bool {
        model.accepts(step)
    }

    fn apply(model: Self, step: &Step) -> Self {
        model.after(step)
    }
}

/// Two processes that should do as the model says.
struct Journey;

impl StateMachineTest for Journey {
    type SystemUnderTest = Subject;
    type Reference = Model;

    fn init_test(model: &Model) -> Subject {
        RUNTIME.block_on(Subject::start(model.server()))
    }

    fn apply(mut subject: Subject, model: &Model, step: Step) -> Subject {
        let answers = RUNTIME.block_on(subject.take(std::slice::from_ref(&step)));
        assert_eq!(answers[..], [model.answer.clone()][..], "{step:?}");
        subject
    }

    fn check_invariants(subject: &Subject, model: &Model) {
        let places = RUNTIME.block_on(subject.places());
        assert_eq!(places[..], model.places()[..], "the queue");
    }

    fn teardown(subject: Subject, _: Model) {
        RUNTIME.block_on(subject.finish());
    }
}

/// Walks `cases` journeys beside a model with `flaw`: `fresh` ones, of which the first that fails is shrunk,
/// or always the same.
fn walk(cases: u32, fresh: bool, flaw: Flaw) -> Result<(), TestError<()>> {
    let config = Config {
        cases,
        failure_persistence: None,
        max_shrink_iters: if fresh { 500 } else { 0 },
        ..Config::default()
    };
    let journeys = Sequential::new(
        (STEPS / 2..=STEPS).into(),
        move || Just(Model::new(options(), flaw)),
        Model::accepts,
        Step::any,
        Model::after,
    );
    let mut runner = if fresh {
        TestRunner::new(config.clone())
    } else {
        let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        TestRunner::new_with_rng(config.clone(), rng)
    };
    let walked = runner.run(&journeys, |(model, steps, seen)| {
        // What was seen of a failing journey is only of use to who shrinks it.
        let seen = seen.filter(|_| fresh);
        Journey::test_sequential(config.clone(), model, steps, seen);
        Ok(())
    });
    walked.map_err(|found| match found {
        TestError::Abort(why) => TestError::Abort(why),
        TestError::Fail(why, (_, steps, _)) => {
            TestError::Fail(format!("{why}\nafter {steps:#?}").into(), ())
        }
    })
}

#[test]
fn every_answer_of_a_random_journey_is_the_models() {
    if let Err(found) = walk(cases(24), true, Flaw::None) {
        panic!("{found}");
    }
}

#[test]
fn control_each_planted_mistake_is_found() {
    for flaw in [
        Flaw::SeatLimitIgnored,
        Flaw::HoldsLinger,
        Flaw::SeatsShared,
        Flaw::TokenOutlivesPayment,
        Flaw::KeysForgotten,
        Flaw::StrangersCancel,
        Flaw::LastComeFirstServed,
        Flaw::ServersHoldLonger,
        Flaw::RefundsNeverTooLate,
        Flaw::MoneyKept,
        Flaw::RefundedSeatsKept,
    ] {
        let found = walk(400, false, flaw);
        let Err(TestError::Fail(why, ())) = found else {
            panic!("{flaw:?} was not noticed: {found:?}");
        };
        assert!(why.message().contains("left == right"), "{flaw:?}: {why}");
    }
}
