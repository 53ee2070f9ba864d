//! What the targets have in common: a panic that is caught is no crash, and each input's memory is counted.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
};

pub use libfuzzer_sys;

/// What one input may take, whatever it is; the largest are 64 KiB.
pub const BYTES_MAX: usize = 64 * 1024 * 1024;

thread_local! {
    static HELD: Cell<usize> = const { Cell::new(0) };
    static MOST: Cell<usize> = const { Cell::new(0) };
}

/// The system's, with an account of what this thread holds.
struct Counted;

fn account(more: usize, less: usize) {
    let _ = HELD.try_with(|held| {
        let now = held.get().wrapping_add(more).wrapping_sub(less);
        held.set(now);
        // what was held before counting began may be given back
        if now < usize::MAX / 2 {
            let _ = MOST.try_with(|most| most.set(most.get().max(now)));
        }
    });
}

// SAFETY: everything is the system allocator's; the account is beside it, and allocates nothing.
unsafe impl GlobalAlloc for Counted {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        account(layout.size(), 0);
        // SAFETY: as the caller promises
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        account(0, layout.size());
        // SAFETY: as the caller promises
        unsafe { System.dealloc(ptr, layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new: usize) -> *mut u8 {
        account(new, layout.size());
        // SAFETY: as the caller promises
        unsafe { System.realloc(ptr, layout, new) }
    }
}

#[global_allocator]
static COUNTED: Counted = Counted;

/// A panic is told, and ends the process only when it comes as far as libFuzzer.
pub fn begin() {
    std::panic::set_hook(Box::new(|what| eprintln!("{what}")));
}

/// One input for one target.
pub fn one(name: &str, target: fn(&[u8]) -> bool, data: &[u8]) {
    HELD.set(0);
    MOST.set(0);
    target(data);
    let most = MOST.get();
    assert!(most <= BYTES_MAX, "{name}: {} bytes took {most}", data.len());
}

/// The program of a target.
#[macro_export]
macro_rules! target {
    ($name:literal, $target:path) => {
        use $crate::libfuzzer_sys;
        libfuzzer_sys::fuzz_target!(init: $crate::begin(), |data: &[u8]| $crate::one($name, $target, data));
    };
}
