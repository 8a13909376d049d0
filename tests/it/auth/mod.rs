//! Who may call what: contract of the `Authorization` header.

mod keys;
mod permissions;
mod tokens;
