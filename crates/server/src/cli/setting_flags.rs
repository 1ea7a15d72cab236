//! Every setting as a flag of the same name, on every command.

use clap::{Arg, ArgMatches, Args, FromArgMatches};
use torana_config::{KEYS, Key};

/// Settings given as flags: (key, flag as typed, value).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SettingFlags(pub Vec<(&'static str, String, String)>);

fn on_the_command_line() -> impl Iterator<Item = &'static Key> {
    // Other users of the machine see command lines, so secrets are not taken there.
    KEYS.iter().filter(|key| !key.secret)
}

impl FromArgMatches for SettingFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = on_the_command_line().filter_map(|key| {
            let value: &String = matches.get_one(key.name)?;
            Some((key.name, format!("--{}", key.name), value.clone()))
        });
        Ok(Self(given.collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for SettingFlags {
    fn augment_args(command: clap::Command) -> clap::Command {
        on_the_command_line().fold(command, |command, key| {
            command.arg(
                Arg::new(key.name)
                    .long(key.name)
                    .value_name("VALUE")
                    .help(key.meaning)
                    .help_heading("Settings (also as TORANA_... variables and in the file)")
                    .global(true)
                    .hide_short_help(true),
            )
        })
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Self::augment_args(command)
    }
}
