//! Entrances that are no connection of `axum::serve`'s own.

mod lambda;
mod own_tls;
