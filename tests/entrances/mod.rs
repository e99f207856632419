//! Requests that do not come in through `axum::serve`.

mod lambda;
mod own_tls;
