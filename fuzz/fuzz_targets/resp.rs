#![no_main]

jumun_fuzz::target!("resp", jumun::fuzz::resp);
