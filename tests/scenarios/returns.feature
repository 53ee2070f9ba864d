Feature: returns
