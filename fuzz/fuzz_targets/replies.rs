#![no_main]

jumun_fuzz::target!("replies", jumun::fuzz::replies);
