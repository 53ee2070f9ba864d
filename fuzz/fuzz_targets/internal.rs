#![no_main]

jumun_fuzz::target!("internal", jumun::fuzz::internal);
