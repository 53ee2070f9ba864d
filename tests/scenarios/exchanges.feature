Feature: exchanges
