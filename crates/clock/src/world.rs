//! The clock of a sandbox world: a pure function of its newest clock event and the wall instant, the same in
//! every process and after a restart.

use serde::{Deserialize, Serialize};
use torana_domain::time::{DAY_MS, Timestamp};

/// Highest rate: world milliseconds per wall millisecond.
pub const RATE_MAX: i64 = 100_000;
/// Longest single move forward.
pub const JUMP_MAX_MS: i64 = 400 * DAY_MS;

/// How a world's clock moves; lower case on the wire and in storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClockMode {
    /// World time is wall time.
    Follow,
    /// World time runs at a rate of its own from its base.
    Running,
    /// World time stands still.
    Frozen,
}

/// The newest clock event of a world. Build it with the constructors and [`ClockState::apply`]; they keep
/// `rate` 1 while following, 0 while frozen and 1..=[`RATE_MAX`] while running.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClockState {
    /// Rises by one with each edit, so that an older event never replaces a newer one.
    pub version: i64,
    /// How the clock moves.
    pub mode: ClockMode,
    /// Wall instant of the event, by the database's clock.
    pub real_base: Timestamp,
    /// World instant of the event.
    pub world_base: Timestamp,
    /// World milliseconds per wall millisecond.
    pub rate: i64,
}

/// One change of a world's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockEdit {
    /// Jump forward to an instant.
    Set(Timestamp),
    /// Jump forward by milliseconds.
    Advance(i64),
    /// Stand still.
    Freeze,
    /// Equal wall time from now on.
    Follow,
    /// Run at this rate from the present instant; 0 freezes.
    Rate(i64),
}

/// Why a clock was not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClockError {
    /// A world's clock never goes back; only a reset starts it earlier.
    #[error("the world is at {}, later than {}: only a reset moves a clock back", .world_now.to_iso(), .asked.to_iso())]
    Backwards {
        /// Where the world stands.
        world_now: Timestamp,
        /// Where it was told to go.
        asked: Timestamp,
    },
    /// Too far in one step.
    #[error("one step moves a clock by at most {} days", JUMP_MAX_MS / DAY_MS)]
    JumpTooLarge {
        /// Where the world stands.
        world_now: Timestamp,
        /// Where it was told to go.
        asked: Timestamp,
    },
    /// Not a rate.
    #[error("rate {rate} is not allowed: 0 to {RATE_MAX}, 0 stands still")]
    RateOutOfRange {
        /// What was asked for.
        rate: i64,
    },
}

impl ClockState {
    /// A clock that equals wall time, as a new world's does.
    #[must_use]
    pub const fn following(version: i64, wall_now: Timestamp) -> Self {
        Self {
            version,
            mode: ClockMode::Follow,
            real_base: wall_now,
            world_base: wall_now,
            rate: 1,
        }
    }

    /// A clock that stands at `world`.
    #[must_use]
    pub const fn frozen_at(version: i64, world: Timestamp, wall_now: Timestamp) -> Self {
        Self {
            version,
            mode: ClockMode::Frozen,
            real_base: wall_now,
            world_base: world,
            rate: 0,
        }
    }

    /// A clock that runs from `world` at `rate`; 0 stands still, other values outside 1..=[`RATE_MAX`] are
    /// refused.
    pub fn running_from(
        version: i64,
        world: Timestamp,
        rate: i64,
        wall_now: Timestamp,
    ) -> Result<Self, ClockError> {
        match rate {
            0 => Ok(Self::frozen_at(version, world, wall_now)),
            1..=RATE_MAX => Ok(Self {
                version,
                mode: ClockMode::Running,
                real_base: wall_now,
                world_base: world,
                rate,
            }),
            _ => Err(ClockError::RateOutOfRange { rate }),
        }
    }

    /// World time at `wall_now`. A running world does not go back when the wall clock does: before
    /// `real_base` it stands at its base.
    #[must_use]
    pub fn world_now(&self, wall_now: Timestamp) -> Timestamp {
        match self.mode {
            ClockMode::Follow => wall_now,
            ClockMode::Frozen => self.world_base,
            ClockMode::Running => {
                let elapsed = i128::from(wall_now.ms_since(self.real_base).max(0)) * i128::from(self.rate);
                Timestamp(i64::try_from(i128::from(self.world_base.0) + elapsed).unwrap_or(i64::MAX))
            }
        }
    }

    /// Wall milliseconds from `wall_now` until the world reaches `instant`, rounded up: 0 when it is there
    /// already, `None` when it stands still before it.
    #[must_use]
    pub fn wall_until(&self, instant: Timestamp, wall_now: Timestamp) -> Option<i64> {
        if self.world_now(wall_now) >= instant {
            return Some(0);
        }
        match self.mode {
            ClockMode::Frozen => None,
            ClockMode::Follow => Some(instant.ms_since(wall_now)),
            ClockMode::Running => {
                let rate = i128::from(self.rate.max(1));
                let world_ms = i128::from(instant.0) - i128::from(self.world_base.0);
                let wall_ms = (world_ms + rate - 1).div_euclid(rate);
                let passed = i128::from(wall_now.0) - i128::from(self.real_base.0);
                Some(i64::try_from(wall_ms - passed).unwrap_or(i64::MAX))
            }
        }
    }

    /// The next clock event. After a jump a running world goes on at its rate from there, any other stands
    /// still there.
    pub fn apply(&self, edit: ClockEdit, wall_now: Timestamp) -> Result<Self, ClockError> {
        let world_now = self.world_now(wall_now);
        let version = self.version.saturating_add(1);
        match edit {
            ClockEdit::Set(asked) => self.jump(world_now, asked, wall_now),
            ClockEdit::Advance(ms) => self.jump(world_now, world_now.plus_ms(ms), wall_now),
            ClockEdit::Freeze => Ok(Self::frozen_at(version, world_now, wall_now)),
            ClockEdit::Follow => {
                check_jump(world_now, wall_now)?;
                Ok(Self::following(version, wall_now))
            }
            ClockEdit::Rate(rate) => Self::running_from(version, world_now, rate, wall_now),
        }
    }

    fn jump(&self, world_now: Timestamp, asked: Timestamp, wall_now: Timestamp) -> Result<Self, ClockError> {
        check_jump(world_now, asked)?;
        let rate = if self.mode == ClockMode::Running {
            self.rate
        } else {
            0
        };
        Self::running_from(self.version.saturating_add(1), asked, rate, wall_now)
    }
}

fn check_jump(world_now: Timestamp, asked: Timestamp) -> Result<(), ClockError> {
    if asked < world_now {
        return Err(ClockError::Backwards { world_now, asked });
    }
    if asked.ms_since(world_now) > JUMP_MAX_MS {
        return Err(ClockError::JumpTooLarge { world_now, asked });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
