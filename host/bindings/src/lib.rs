//! What wasmtime makes of the contract in `wit/`: a crate of its own, since it takes minutes to compile.
