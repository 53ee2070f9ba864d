#![no_main]

jumun_fuzz::target!("tokens", jumun::fuzz::tokens);
