Feature: gifts
