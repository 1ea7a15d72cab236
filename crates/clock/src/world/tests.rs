use super::*;
use proptest::prelude::*;

const WALL: Timestamp = Timestamp(1_800_000_000_000);
const WORLD: Timestamp = Timestamp(1_767_605_400_000);

fn running(rate: i64) -> ClockState {
    ClockState::running_from(3, WORLD, rate, WALL).unwrap()
}

#[test]
fn a_jump_leaves_a_running_world_running_and_a_following_one_frozen() {
    let jumped = running(60)
        .apply(ClockEdit::Advance(1000), WALL.plus_ms(10))
        .unwrap();
    assert_eq!(
        (jumped.mode, jumped.rate, jumped.version),
        (ClockMode::Running, 60, 4)
    );
    assert_eq!(jumped.world_now(WALL.plus_ms(10)), WORLD.plus_ms(1600));
    assert_eq!(jumped.world_now(WALL.plus_ms(11)), WORLD.plus_ms(1660));

    let following = ClockState::following(0, WALL);
    let target = WALL.plus_ms(DAY_MS);
    let jumped = following.apply(ClockEdit::Set(target), WALL).unwrap();
    assert_eq!((jumped.mode, jumped.rate), (ClockMode::Frozen, 0));
    assert_eq!(jumped.world_now(WALL.plus_ms(5 * DAY_MS)), target);

    let frozen = ClockState::frozen_at(0, WORLD, WALL)
        .apply(ClockEdit::Advance(7), WALL)
        .unwrap();
    assert_eq!(
        (frozen.mode, frozen.world_base),
        (ClockMode::Frozen, WORLD.plus_ms(7))
    );
}

#[test]
fn a_clock_never_goes_back() {
    let world = running(1);
    for edit in [
        ClockEdit::Set(WORLD.plus_ms(-1)),
        ClockEdit::Advance(-1),
        ClockEdit::Advance(i64::MIN),
    ] {
        assert!(
            matches!(world.apply(edit, WALL), Err(ClockError::Backwards { .. })),
            "{edit:?}"
        );
    }
    let ahead = ClockState::frozen_at(0, WALL.plus_ms(1), WALL);
    assert_eq!(
        ahead.apply(ClockEdit::Follow, WALL),
        Err(ClockError::Backwards {
            world_now: WALL.plus_ms(1),
            asked: WALL
        })
    );
    assert!(
        world.apply(ClockEdit::Set(WORLD), WALL).is_ok(),
        "staying is not going back"
    );
}

#[test]
fn one_step_is_at_most_400_days() {
    let world = running(1);
    assert!(world.apply(ClockEdit::Advance(JUMP_MAX_MS), WALL).is_ok());
    for edit in [
        ClockEdit::Advance(JUMP_MAX_MS + 1),
        ClockEdit::Advance(i64::MAX),
        ClockEdit::Set(Timestamp(i64::MAX)),
    ] {
        assert!(
            matches!(world.apply(edit, WALL), Err(ClockError::JumpTooLarge { .. })),
            "{edit:?}"
        );
    }
    let old = ClockState::frozen_at(0, WALL.plus_ms(-JUMP_MAX_MS - 1), WALL);
    assert!(matches!(
        old.apply(ClockEdit::Follow, WALL),
        Err(ClockError::JumpTooLarge { .. })
    ));
}

#[test]
fn rates_outside_the_range_are_refused_and_zero_freezes() {
    let world = running(5);
    for rate in [-1, RATE_MAX + 1, i64::MAX, i64::MIN] {
        assert_eq!(
            world.apply(ClockEdit::Rate(rate), WALL),
            Err(ClockError::RateOutOfRange { rate })
        );
    }
    assert!(world.apply(ClockEdit::Rate(RATE_MAX), WALL).is_ok());
    let stopped = world.apply(ClockEdit::Rate(0), WALL.plus_ms(2)).unwrap();
    assert_eq!(
        (stopped.mode, stopped.world_base),
        (ClockMode::Frozen, WORLD.plus_ms(10))
    );
}

#[test]
fn a_wall_clock_that_steps_back_does_not_pull_a_running_world() {
    assert_eq!(running(9).world_now(WALL.plus_ms(-5000)), WORLD);
}

#[test]
fn the_stored_form_is_stable() {
    let text = serde_json::to_string(&running(60)).unwrap();
    let expected =
        r#"{"version":3,"mode":"running","realBase":1800000000000,"worldBase":1767605400000,"rate":60}"#;
    assert_eq!(text, expected);
    assert_eq!(serde_json::from_str::<ClockState>(&text).unwrap(), running(60));
}

#[test]
fn errors_say_what_is_allowed() {
    let error = running(1).apply(ClockEdit::Advance(-60_000), WALL).unwrap_err();
    let expected = "the world is at 2026-01-05T09:30:00.000Z, later than 2026-01-05T09:29:00.000Z: \
                    only a reset moves a clock back";
    assert_eq!(error.to_string(), expected);
    let error = running(1).apply(ClockEdit::Advance(i64::MAX), WALL).unwrap_err();
    assert_eq!(error.to_string(), "one step moves a clock by at most 400 days");
}

fn any_state() -> impl Strategy<Value = ClockState> {
    (0i64..4_000_000_000_000, 0i64..=RATE_MAX, any::<bool>()).prop_map(|(world, rate, follow)| {
        if follow {
            ClockState::following(0, WALL)
        } else {
            ClockState::running_from(0, Timestamp(world), rate, WALL).unwrap()
        }
    })
}

fn any_edit() -> impl Strategy<Value = ClockEdit> {
    prop_oneof![
        (-10_000i64..JUMP_MAX_MS * 2).prop_map(ClockEdit::Advance),
        (0i64..4_000_000_000_000).prop_map(|ms| ClockEdit::Set(Timestamp(ms))),
        Just(ClockEdit::Freeze),
        Just(ClockEdit::Follow),
        (-5i64..=RATE_MAX + 5).prop_map(ClockEdit::Rate),
    ]
}

proptest! {
    #[test]
    fn time_runs_forward_through_any_script(
        start in any_state(),
        steps in prop::collection::vec((any_edit(), 0i64..DAY_MS), 0..20),
    ) {
        let (mut state, mut wall) = (start, WALL);
        let mut seen = state.world_now(wall);
        for (edit, wait) in steps {
            if let Ok(next) = state.apply(edit, wall) {
                prop_assert_eq!(next.version, state.version + 1);
                state = next;
            }
            prop_assert!(state.world_now(wall) >= seen, "{:?} went back", edit);
            wall = wall.plus_ms(wait);
            prop_assert!(state.world_now(wall) >= seen);
            seen = state.world_now(wall);
        }
    }

    #[test]
    fn freezing_and_changing_the_rate_do_not_move_the_clock(state in any_state(), wait in 0i64..DAY_MS, rate in 0i64..=RATE_MAX) {
        let wall = WALL.plus_ms(wait);
        for edit in [ClockEdit::Freeze, ClockEdit::Rate(rate)] {
            let next = state.apply(edit, wall).unwrap();
            prop_assert_eq!(next.world_now(wall), state.world_now(wall));
        }
    }

    #[test]
    fn wall_until_is_the_first_millisecond_that_reaches_the_instant(
        state in any_state(), wait in -1000i64..DAY_MS, ahead in 1i64..DAY_MS * 400,
    ) {
        let wall = WALL.plus_ms(wait);
        let instant = state.world_now(wall).plus_ms(ahead);
        match state.wall_until(instant, wall) {
            None => prop_assert_eq!(state.mode, ClockMode::Frozen),
            Some(ms) => {
                prop_assert!(ms > 0);
                prop_assert!(state.world_now(wall.plus_ms(ms)) >= instant);
                prop_assert!(state.world_now(wall.plus_ms(ms - 1)) < instant);
            }
        }
        prop_assert_eq!(state.wall_until(state.world_now(wall), wall), Some(0));
    }
}
