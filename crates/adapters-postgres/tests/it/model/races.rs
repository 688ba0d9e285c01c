//! Several things at once: whatever came of it, some order of them must explain every answer.

use std::hash::{BuildHasher, Hasher, RandomState};

use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

use super::{
    RUNTIME, cases, options,
    oracle::{Flaw, Model},
    step::{Answer, Step},
    subject::Subject,
};

/// How many times something happens in a journey.
const ROUNDS: usize = 50;
/// At most so many things happen at once.
const AT_ONCE: usize = 4;

/// The server as it may be: answers can leave open in which order things happened.
struct Worlds(Vec<Model>);

/// What no order of the steps explains.
#[derive(Debug)]
struct Unexplained {
    #[allow(dead_code, reason = "shown when a test fails")]
    steps: Vec<Step>,
    #[allow(dead_code, reason = "shown when a test fails")]
    answers: Vec<Answer>,
}

impl Worlds {
    /// Draws what happens next: one thing, or several of different users.
    fn draw(&self, runner: &mut TestRunner) -> Vec<Step> {
        let model = self.0[0].clone();
        let mut next = || {
            let model = model.clone();
            let possible =
                Step::any(&self.0[0]).prop_filter("accepted", move |step| model.accepts(step));
            possible.new_tree(runner).unwrap().current()
        };
        let mut steps = vec![next()];
        for _ in 0..AT_ONCE * 2 {
            let step = next();
            let own = |other: &Step| other.actor() == step.actor();
            if steps.len() < AT_ONCE && !steps.iter().any(own) {
                steps.push(step);
            }
        }
        // Whoever looks does so in several parts, and the clock stands still while anything happens.
        let alone = |step: &Step| matches!(step, Step::SignUp | Step::Wait(_) | Step::Look { .. });
        match steps.iter().position(alone) {
            Some(at) => vec![steps.swap_remove(at)],
            None => steps,
        }
    }

    /// Keeps those worlds in which `steps` can have been answered like this.
    fn explain(self, steps: Vec<Step>, answers: Vec<Answer>) -> Result<Self, Unexplained> {
        let mut worlds = Vec::new();
        for world in self.0 {
            orders(
                &world,
                &steps,
                &answers,
                &mut vec![false; steps.len()],
                &mut worlds,
            );
        }
        for world in &mut worlds {
            world.answer = Answer::Nothing;
        }
        worlds.sort_by_cached_key(|world| format!("{world:?}"));
        worlds.dedup_by_key(|world| format!("{world:?}"));
        if worlds.is_empty() {
            return Err(Unexplained { steps, answers });
        }
        Ok(Self(worlds))
    }
}

/// Collects the worlds after every order of the steps not yet `done` that gives `answers`.
fn orders(
    world: &Model,
    steps: &[Step],
    answers: &[Answer],
    done: &mut Vec<bool>,
    worlds: &mut Vec<Model>,
) {
    if done.iter().all(|done| *done) {
        worlds.push(world.clone());
        return;
    }
    for next in 0..steps.len() {
        if done[next] {
            continue;
        }
        let after = world.clone().after(&steps[next]);
        if after.answer == answers[next] {
            done[next] = true;
            orders(&after, steps, answers, done, worlds);
            done[next] = false;
        }
    }
}

/// One journey, beside a model with `flaw`. What is drawn is fixed by `seed`, how it is interleaved by
/// chance.
async fn race(seed: u64, flaw: Flaw) -> Result<(), Unexplained> {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);

    let model = Model::new(options(), flaw);
    let mut subject = Subject::start(model.server()).await;
    let mut worlds = Worlds(vec![model]);
    for _ in 0..ROUNDS {
        let steps = worlds.draw(&mut runner);
        let answers = subject.take(&steps).await;
        worlds = worlds.explain(steps, answers)?;
    }
    subject.finish().await;
    Ok(())
}

fn seeds() -> impl Iterator<Item = u64> {
    let start = RandomState::new().build_hasher().finish();
    (0..).map(move |count| start.wrapping_add(count))
}

#[test]
fn of_things_that_happen_at_once_some_order_explains_every_answer() {
    for seed in seeds().take(cases(12) as usize) {
        let raced = RUNTIME.block_on(race(seed, Flaw::None));
        assert!(raced.is_ok(), "seed {seed}: {raced:#?}");
    }
}

#[test]
fn control_a_model_that_lets_two_have_one_seat_cannot_explain_the_answers() {
    let found = seeds()
        .take(100)
        .any(|seed| RUNTIME.block_on(race(seed, Flaw::SeatsShared)).is_err());
    assert!(found, "not noticed");
}
