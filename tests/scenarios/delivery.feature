Feature: delivery
