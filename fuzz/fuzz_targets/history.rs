#![no_main]

jumun_fuzz::target!("history", jumun::fuzz::history);
