//! What the standard library asks of the C compiler's unwinder (Itanium C++ ABI: Exception Handling, 1.1 to 1.3), for a program
//! that never unwinds: a panic aborts, and `link.ld` keeps no tables that could be read. With it the release needs no
//! `libgcc_s`, whose loading is a tenth of a start. A backtrace is empty, as it is without tables.

#![no_std]

/// `_URC_END_OF_STACK`: there is no frame to visit.
#[no_mangle]
pub extern "C" fn _Unwind_Backtrace() -> i32 {
    5
}

/// Nothing has thrown, so nothing can go on after a landing pad.
#[no_mangle]
pub extern "C" fn _Unwind_Resume() -> ! {
    loop {}
}

macro_rules! of_no_frame {
    ($($name:ident)*) => {
        $(
            #[no_mangle]
            pub extern "C" fn $name() -> usize {
                0
            }
        )*
    };
}

of_no_frame!(
    _Unwind_GetDataRelBase
    _Unwind_GetIP
    _Unwind_GetIPInfo
    _Unwind_GetLanguageSpecificData
    _Unwind_GetRegionStart
    _Unwind_GetTextRelBase
    _Unwind_SetGR
    _Unwind_SetIP
);
