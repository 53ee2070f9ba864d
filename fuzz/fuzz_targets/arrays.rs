#![no_main]

jumun_fuzz::target!("arrays", jumun::fuzz::arrays);
