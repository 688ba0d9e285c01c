//! Who may do what.

use std::{fmt, time::Duration};

use clap::Args;
use secrecy::{ExposeSecret, SecretString};

use super::{
    Refusal,
    values::{duration, secret, secret_file},
};

/// Who may do what.
#[derive(Debug, Args)]
#[command(next_help_heading = "Keys and users")]
pub struct Keys {
    /// The root key, which lets an operator run the sale and make keys for others, 16 characters or more.
    /// Without it one is made up once and kept in the file operator.key of the data directory
    #[arg(
        long,
        env = "BOXOFFICE_OPERATOR_KEY",
        hide_env_values = true,
        value_name = "KEY",
        value_parser = secret()
    )]
    operator_key: Option<SecretString>,

    /// A file that the operator's key is in, in place of the key itself
    #[arg(
        long,
        env = "BOXOFFICE_OPERATOR_KEY_FILE",
        value_name = "FILE",
        value_parser = secret_file
    )]
    operator_key_file: Option<SecretString>,

    /// The secret that signs the tokens of users, 32 bytes or more, the same for all servers of one
    /// database. To change it, give several, separated by commas or lines: the first one signs, and
    /// tokens signed with any of them are good. Without it one is made up once and kept in the file
    /// token.key of the data directory
    #[arg(
        long,
        env = "BOXOFFICE_TOKEN_SECRET",
        hide_env_values = true,
        value_name = "SECRET",
        value_parser = secret()
    )]
    token_secret: Option<SecretString>,

    /// A file that the secret is in, or several of them, in place of the secret itself
    #[arg(
        long,
        env = "BOXOFFICE_TOKEN_SECRET_FILE",
        value_name = "FILE",
        value_parser = secret_file
    )]
    token_secret_file: Option<SecretString>,

    /// How long a user's access token is good. There is no way to sign in again, so be generous
    #[arg(
        long,
        env = "BOXOFFICE_ACCESS_TTL",
        value_name = "DURATION",
        default_value = "365d",
        value_parser = duration("1s", "3650d")
    )]
    pub access_ttl: Duration,

    /// Whether anyone may sign up, or users come from the operator only
    #[arg(
        long,
        env = "BOXOFFICE_SIGN_UP",
        value_name = "WHO",
        default_value = "open",
        value_enum
    )]
    sign_up: SignUp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum SignUp {
    /// Anyone may sign up
    Open,
    /// Only the operator adds users
    Closed,
}

/// One of the two secrets, and what it has to be like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// Opens the operator's routes.
    Operator,
    /// Signs the tokens.
    Token,
}

impl Key {
    /// The file in the data directory that keeps it.
    pub const fn file(self) -> &'static str {
        match self {
            Self::Operator => "operator.key",
            Self::Token => "token.key",
        }
    }

    /// Refuses a secret that could be guessed or could not be sent, without a word of it.
    pub fn judge(self, secret: &SecretString) -> Result<(), Refusal> {
        let secret = secret.expose_secret();
        let (fits, wanted) = match self {
            Self::Operator => (
                secret.len() >= 16 && secret.bytes().all(|byte| byte.is_ascii_graphic()),
                "16 or more letters, digits and signs, without spaces",
            ),
            Self::Token => (
                parts(secret).count() > 0 && parts(secret).all(|part| part.len() >= 32),
                "32 or more bytes, the same for each of several",
            ),
        };
        if fits {
            return Ok(());
        }
        Err(Refusal::new(format!(
            "{self} is not good enough: write {wanted}, such as the output of `openssl rand -hex 32`"
        )))
    }
}

/// The secrets in a text that may have several, one a line or between commas.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.split([',', '\n']).map(str::trim);
    parts.filter(|part| !part.is_empty())
}

/// The token secrets in what was given or read, the newest first.
pub fn token_secrets(given: &SecretString) -> Vec<SecretString> {
    parts(given.expose_secret())
        .map(SecretString::from)
        .collect()
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Operator => "the operator key (BOXOFFICE_OPERATOR_KEY, its file or operator.key)",
            Self::Token => "the token secret (BOXOFFICE_TOKEN_SECRET, its file or token.key)",
        })
    }
}

impl Keys {
    /// The secret as given; nothing (and so the one in its file) when it is missing or empty.
    pub fn given(&self, key: Key) -> Option<&SecretString> {
        let given = match key {
            Key::Operator => [&self.operator_key, &self.operator_key_file],
            Key::Token => [&self.token_secret, &self.token_secret_file],
        };
        let mut given = given.into_iter().flatten();
        given.find(|secret| !secret.expose_secret().is_empty())
    }

    /// Whether anyone may sign up.
    pub fn sign_up(&self) -> adapters_http::SignUp {
        match self.sign_up {
            SignUp::Open => adapters_http::SignUp::Open,
            SignUp::Closed => adapters_http::SignUp::Closed,
        }
    }

    /// Refuses weak secrets.
    pub fn check(&self) -> Result<(), Refusal> {
        [Key::Operator, Key::Token]
            .into_iter()
            .try_for_each(|key| self.given(key).map_or(Ok(()), |secret| key.judge(secret)))
    }
}
