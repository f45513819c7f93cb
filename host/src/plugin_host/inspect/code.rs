//! Functions that would keep the compiler busy until it is ended.
//!
//! What it does grows with the square of how deep loops lie in one another, and of the length of a function. The
//! bounds are four times of what interpreters of other languages have: Python blocks 781 deep and a function of
//! 427 kB, JavaScript loops 21 deep.

use std::path::Path;

use wasmparser::{FunctionBody, Operator, Parser, Payload};

use crate::plugin_host::FileProblem;

const DEEPEST_BLOCKS: usize = 4_000;
const DEEPEST_LOOPS: usize = 100;
const LONGEST_FUNCTION: usize = 2 << 20;

/// Of a file that is valid.
pub(super) fn check(path: &Path, bytes: &[u8]) -> Result<(), FileProblem> {
    let malformed = |error: wasmparser::Error| FileProblem::Malformed {
        path: path.to_owned(),
        reason: error.to_string(),
    };
    for payload in Parser::new(0).parse_all(bytes) {
        let Payload::CodeSectionEntry(body) = payload.map_err(malformed)? else { continue };
        let range = body.range();
        let (at, length) = (range.start, range.len());
        if length > LONGEST_FUNCTION {
            let path = path.to_owned();
            return Err(FileProblem::LongFunction { path, at, bytes: length, limit: LONGEST_FUNCTION });
        }
        let (blocks, loops) = depths(&body).map_err(malformed)?;
        for (what, depth, limit) in [("blocks", blocks, DEEPEST_BLOCKS), ("loops", loops, DEEPEST_LOOPS)] {
            if depth > limit {
                return Err(FileProblem::DeepFunction { path: path.to_owned(), at, what, limit });
            }
        }
    }
    Ok(())
}

/// How deep blocks of all kinds, and loops, lie in one another.
fn depths(body: &FunctionBody<'_>) -> Result<(usize, usize), wasmparser::Error> {
    // Whether each is a loop.
    let mut open = Vec::new();
    let (mut loops, mut most_blocks, mut most_loops) = (0, 0, 0);
    for operator in body.get_operators_reader()? {
        let is_loop = match operator? {
            Operator::Loop { .. } => true,
            Operator::Block { .. }
            | Operator::If { .. }
            | Operator::TryTable { .. }
            | Operator::Try { .. } => false,
            Operator::End | Operator::Delegate { .. } => {
                loops -= usize::from(open.pop().unwrap_or(false));
                continue;
            }
            _ => continue,
        };
        open.push(is_loop);
        loops += usize::from(is_loop);
        (most_blocks, most_loops) = (most_blocks.max(open.len()), most_loops.max(loops));
    }
    Ok((most_blocks, most_loops))
}

#[cfg(test)]
mod tests {
    use wasm_encoder::{BlockType, CodeSection, Function, FunctionSection, Instruction, Module, TypeSection};

    use super::*;

    /// A function of all of these.
    fn module(instructions: impl IntoIterator<Item = Instruction<'static>>) -> Vec<u8> {
        let (mut types, mut functions, mut code) =
            (TypeSection::new(), FunctionSection::new(), CodeSection::new());
        types.ty().function([], []);
        functions.function(0);
        let mut function = Function::new([]);
        for instruction in instructions {
            function.instruction(&instruction);
        }
        function.instruction(&Instruction::End);
        code.function(&function);
        Module::new().section(&types).section(&functions).section(&code).clone().finish()
    }

    fn nested(block: Instruction<'static>, depth: usize) -> Vec<u8> {
        module(std::iter::repeat_n(block, depth).chain(std::iter::repeat_n(Instruction::End, depth)))
    }

    fn checked(bytes: &[u8]) -> Result<(), String> {
        // As every file is, before it is compiled.
        super::super::validate(Path::new("x.wasm"), bytes).map_err(|problem| problem.to_string())
    }

    #[test]
    fn deep_functions_are_refused() {
        for (block, limit, what) in [
            (Instruction::Block(BlockType::Empty), DEEPEST_BLOCKS, "blocks"),
            (Instruction::Loop(BlockType::Empty), DEEPEST_LOOPS, "loops"),
        ] {
            assert_eq!(checked(&nested(block.clone(), limit)), Ok(()));
            let refused = checked(&nested(block, limit + 1)).unwrap_err();
            let told = format!("has {what} more than {limit} deep");
            assert!(refused.starts_with("x.wasm: ") && refused.contains(&told), "{refused}");
        }
    }

    #[test]
    fn loops_beside_one_another_are_not_deep() {
        let one = [Instruction::Loop(BlockType::Empty), Instruction::End];
        assert_eq!(checked(&module(std::iter::repeat_n(one, 5_000).flatten())), Ok(()));
    }

    #[test]
    fn long_functions_are_refused() {
        // One byte each; how many locals there are, and the end, are two more.
        let long = |length: usize| module(std::iter::repeat_n(Instruction::Nop, length - 2));
        assert_eq!(checked(&long(LONGEST_FUNCTION)), Ok(()));
        let refused = checked(&long(LONGEST_FUNCTION + 1)).unwrap_err();
        assert!(refused.contains("has 2097153 bytes, more than 2097152"), "{refused}");
    }
}
