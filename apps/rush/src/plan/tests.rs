use proptest::prelude::*;

use super::*;

const SHARES: Shares = Shares {
    leave: 5,
    vanish: 2,
    expire: 5,
    poor: 5,
    double: 10,
    by_hand: 25,
    choices: 20,
};
const MINUTE: Duration = Duration::from_mins(1);

fn share(plan: &[Fan], does: impl Fn(&Fan) -> bool) -> f64 {
    let doing = plan.iter().filter(|fan| does(fan)).count();
    load_client::durations::count(doing) / load_client::durations::count(plan.len())
}

proptest! {
    #[test]
    fn everyone_arrives_in_time_and_in_order_and_wants_one_to_four_seats(
        seed in any::<u64>(), fans in 0_usize..300, over in 1_u64..100_000,
    ) {
        let over = Duration::from_millis(over);
        let plan = draw(seed, fans, over, SHARES);
        prop_assert_eq!(plan.len(), fans);
        prop_assert!(plan.is_sorted_by_key(|fan| fan.arrives));
        for fan in &plan {
            prop_assert!(fan.arrives < over);
            prop_assert!((1..=4).contains(&fan.seats));
            prop_assert!(fan.thinks.iter().all(|think| think.as_millis() >= 300));
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_plan_and_another_one_does_not(seed in any::<u64>()) {
        let plan = draw(seed, 50, MINUTE, SHARES);
        prop_assert_eq!(&draw(seed, 50, MINUTE, SHARES), &plan);
        prop_assert_ne!(&draw(seed ^ 1, 50, MINUTE, SHARES), &plan);
    }

    #[test]
    fn a_share_of_nobody_is_nobody_and_one_of_all_is_all(seed in any::<u64>()) {
        let none = Shares { leave: 0, vanish: 0, expire: 0, poor: 0, double: 0, by_hand: 0, choices: 0 };
        for fan in draw(seed, 50, MINUTE, none) {
            prop_assert_eq!(fan.ending, Ending::Pays);
            let asks = matches!(fan.way, Way::Best { .. });
            prop_assert!(asks && !fan.clicks_twice);
        }
        let all = Shares { expire: 100, double: 100, choices: 100, ..none };
        for fan in draw(seed, 50, MINUTE, all) {
            let expires = matches!(fan.ending, Ending::LetsExpire { .. });
            prop_assert!(expires && fan.clicks_twice);
            prop_assert_eq!(fan.way, Way::Choices);
        }
    }
}

#[test]
fn most_arrive_in_the_first_seconds_and_some_until_the_end() {
    let plan = draw(7, 20_000, MINUTE, SHARES);
    let before = |seconds| share(&plan, |fan| fan.arrives < Duration::from_secs(seconds));
    assert!((0.2..0.3).contains(&before(2)), "{}", before(2));
    assert!((0.45..0.55).contains(&before(11)), "{}", before(11));
    assert!((0.9..0.99).contains(&before(50)), "{}", before(50));
}

#[test]
fn shares_are_what_was_asked_for() {
    let plan = draw(7, 20_000, MINUTE, SHARES);
    let near = |share: f64, percent: f64| (share * 100.0 - percent).abs() < 1.0;
    assert!(near(share(&plan, |fan| fan.clicks_twice), 10.0));
    assert!(near(share(&plan, |fan| fan.way == Way::ByHand), 25.0));
    assert!(near(share(&plan, |fan| fan.way == Way::Choices), 20.0));
    let leaves = |fan: &Fan| matches!(fan.ending, Ending::Leaves(_));
    let poor = |fan: &Fan| matches!(fan.ending, Ending::IsPoor { .. });
    let expire = |fan: &Fan| matches!(fan.ending, Ending::LetsExpire { .. });
    let vanish = |fan: &Fan| matches!(fan.ending, Ending::Vanishes(_));
    assert!(near(share(&plan, leaves), 5.0) && near(share(&plan, poor), 5.0));
    assert!(near(share(&plan, expire), 5.0) && near(share(&plan, vanish), 2.0));
}

#[test]
fn shares_of_more_than_everyone_are_refused() {
    assert!(SHARES.check().is_ok());
    let more = Shares {
        by_hand: 81,
        ..SHARES
    };
    let said = more.check().unwrap_err().to_string();
    assert!(said.contains("--by-hand and --choices are 101 %"), "{said}");
}
